"""The scene of an asset: its closure as a table of marks (docs/spec.md#scene)."""
