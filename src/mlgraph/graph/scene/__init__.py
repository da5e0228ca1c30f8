"""Scenes: the closure of an asset as a table of marks, computed on arrays (docs/spec.md#scene)."""
