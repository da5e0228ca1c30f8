"""PostgreSQL: the pool, migrations, the reader, small tables."""
