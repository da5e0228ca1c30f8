"""The writer: surrogate keys, default times, insert statements, group commit."""
