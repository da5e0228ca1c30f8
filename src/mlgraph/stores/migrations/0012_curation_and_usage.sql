-- What people write about assets has one origin number in every store, above those of sources, because it is merged by another rule
-- (docs/adr/0044). A store in which somebody used the name already is renumbered.

UPDATE asset_fact SET origin_id = 30000 WHERE origin_id = (SELECT id FROM origin WHERE name = 'curation');
UPDATE edge_fact SET origin_id = 30000 WHERE origin_id = (SELECT id FROM origin WHERE name = 'curation');
DELETE FROM origin WHERE name = 'curation';
INSERT INTO origin (id, name) VALUES (30000, 'curation');

-- How often an asset is used, by day: never facts, and nothing about who uses it.
CREATE TABLE usage (
    asset_id  integer  NOT NULL,
    day       integer  NOT NULL,   -- days since 1970-01-01 (UTC)
    kind      smallint NOT NULL,   -- 1: runs that read the asset; 2: requests to mlgraph about it
    count     bigint   NOT NULL,
    last_at   bigint   NOT NULL,   -- of runs: time of the latest read, microseconds since the epoch; of requests: 0
    PRIMARY KEY (asset_id, day, kind)
);
CREATE INDEX usage_day ON usage (day);

-- The transaction up to which runs are counted: in the same transaction as their counts, so that each is counted once.
CREATE TABLE usage_progress (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),   -- there is one row
    tx   bigint  NOT NULL DEFAULT 0
);
INSERT INTO usage_progress DEFAULT VALUES;
