-- Facts of one asset or one triple are adjacent in the unique index. In an index on digests alone every insert is at a random
-- position: once it is larger than memory, a load rewrites (and logs) a page for almost every fact. The same indexes replace
-- the narrower ones.

ALTER TABLE asset_fact DROP CONSTRAINT asset_fact_digest_key;
DROP INDEX asset_fact_asset;
CREATE UNIQUE INDEX asset_fact_once ON asset_fact (asset_id, digest);

ALTER TABLE edge_fact DROP CONSTRAINT edge_fact_digest_key;
DROP INDEX edge_fact_source;
CREATE UNIQUE INDEX edge_fact_once ON edge_fact (source_id, relation, target_id, digest);
