"""Appending facts: surrogate keys, default times, insert statements, group commit."""
