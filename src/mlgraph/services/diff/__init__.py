"""Diff: assets and edges that differ between two moments."""
