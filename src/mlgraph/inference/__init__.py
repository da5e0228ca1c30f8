"""Inferred relations: rules as data, and their evaluation over asserted edges."""
