"""Helpers shared by several services: callers and tokens, metrics, chunking, pipelining, moments of a diff."""
