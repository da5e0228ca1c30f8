"""Everything that keeps bytes: PostgreSQL, snapshot files, the search index."""
