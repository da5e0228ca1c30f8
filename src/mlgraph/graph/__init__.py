"""The traversal graph: what is walked at each level, how it is laid out in memory, closures and impact."""
