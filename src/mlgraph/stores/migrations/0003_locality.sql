-- Facts of one asset or one triple stand together in the unique index, where digests alone scatter every insert over all of
-- it: a load then rewrites (and logs) a page for almost every fact once the index is larger than memory. The same indexes
-- answer what the narrower ones did.

ALTER TABLE asset_fact DROP CONSTRAINT asset_fact_digest_key;
DROP INDEX asset_fact_asset;
CREATE UNIQUE INDEX asset_fact_once ON asset_fact (asset_id, digest);

ALTER TABLE edge_fact DROP CONSTRAINT edge_fact_digest_key;
DROP INDEX edge_fact_source;
CREATE UNIQUE INDEX edge_fact_once ON edge_fact (source_id, relation, target_id, digest);
