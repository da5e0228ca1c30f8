"""The difference between two moments."""
