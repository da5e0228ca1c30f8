"""PostgreSQL: connection pool, migrations, readers of facts, and the tables of sources, events and dead letters."""
