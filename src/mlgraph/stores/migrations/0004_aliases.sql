-- Edges of alias_of (code 28) are few, and all of them are read at each start.

CREATE INDEX edge_fact_alias ON edge_fact (source_id) WHERE relation = 28;
