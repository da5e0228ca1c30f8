"""Answers: pages, edge listings, JSON."""
