"""The feed of changes: what was recorded lately about assets and edges."""
