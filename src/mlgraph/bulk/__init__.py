"""Bulk loads: the usual lines of facts, read in compiled code, whole chunks at a time."""
