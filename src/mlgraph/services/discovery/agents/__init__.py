"""Queries of agents: assets by handle, and closures as pages in order of importance with counts of what they leave out."""
