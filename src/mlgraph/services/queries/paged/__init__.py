"""Closures page by page, each page of the same state of the graph, and the states of many assets at once."""
