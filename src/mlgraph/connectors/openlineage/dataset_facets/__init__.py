"""Facets of datasets: lineage, columns, schema, quality and lifecycle."""
