"""Traversal of the graph: closures, their compiled kernels, and name resolution."""
