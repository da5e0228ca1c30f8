"""Queries of the graph, one module each."""
