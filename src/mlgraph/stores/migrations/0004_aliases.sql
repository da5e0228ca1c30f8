-- Few edges say that one name is another name of an asset; all of them are read at each start.

CREATE INDEX edge_fact_alias ON edge_fact (source_id) WHERE relation = 28;
