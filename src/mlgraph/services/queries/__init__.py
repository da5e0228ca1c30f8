"""Queries of the graph: one module for each kind of answer."""
