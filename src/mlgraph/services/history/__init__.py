"""The stored facts of an asset or a group, with their cache."""
