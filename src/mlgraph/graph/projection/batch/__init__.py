"""The asset-level rules for many runs and workflows at a time, compiled."""
