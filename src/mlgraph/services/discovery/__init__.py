"""Use cases over queries and search."""
