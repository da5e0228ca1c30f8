-- Facts are appended, never updated: each row is one assertion, with its validity interval (valid_*, microseconds since
-- 1970-01-01T00:00:00Z, open end 9223372036854775807) and the transaction that recorded it. Table names are never
-- qualified: one tenant is one schema.

CREATE TABLE tx (
    tx           bigint PRIMARY KEY,          -- numbered under an advisory lock: becomes visible in order, without gaps
    recorded_at  bigint NOT NULL,             -- never decreases, even if the clock does
    last_at      bigint NOT NULL,             -- the greatest valid_from that was assigned to a fact without one
    actor        text   NOT NULL,
    source       text,
    environment  text
);

CREATE TABLE origin (
    id    smallint PRIMARY KEY,
    name  text NOT NULL UNIQUE
);
INSERT INTO origin (id, name) VALUES (0, '*');

CREATE TABLE asset (
    id          integer PRIMARY KEY,          -- in order of the first fact that names it
    digest      bytea    NOT NULL UNIQUE,     -- of the URI: URIs may be longer than an index entry
    uri         text     NOT NULL,
    kind        smallint NOT NULL,
    dataset_id  integer  NOT NULL DEFAULT 0,  -- of a column: its dataset
    first_tx    bigint   NOT NULL
);
CREATE INDEX asset_first_tx ON asset (first_tx);
CREATE INDEX asset_dataset ON asset (dataset_id) WHERE dataset_id <> 0;

CREATE TABLE content (
    id      bigint PRIMARY KEY,
    digest  bytea NOT NULL UNIQUE,
    body    text  NOT NULL                    -- canonical JSON; text, because jsonb rounds and refuses what JSON allows
);

CREATE TABLE event (
    id        bigint PRIMARY KEY,
    tx        bigint NOT NULL,
    format    text   NOT NULL,
    source    text   NOT NULL,
    event_id  text   NOT NULL,
    digest    bytea  NOT NULL UNIQUE,         -- identifies duplicates: of the content, or of source and id
    body      text   NOT NULL
);

CREATE TABLE asset_fact (
    tx          bigint   NOT NULL,
    asset_id    integer  NOT NULL,
    origin_id   smallint NOT NULL,
    valid_from  bigint   NOT NULL,
    mode        smallint NOT NULL,
    content_id  bigint   NOT NULL,
    event_id    bigint,
    digest      bytea    NOT NULL UNIQUE
);
CREATE INDEX asset_fact_asset ON asset_fact (asset_id);
CREATE INDEX asset_fact_tx ON asset_fact (tx);
CREATE INDEX asset_fact_retract ON asset_fact (asset_id) WHERE mode = 3;
CREATE INDEX asset_fact_declaration ON asset_fact (asset_id) WHERE mode = 4;

CREATE TABLE edge_fact (
    tx          bigint   NOT NULL,
    source_id   integer  NOT NULL,
    relation    smallint NOT NULL,
    target_id   integer  NOT NULL,
    origin_id   smallint NOT NULL,
    valid_from  bigint   NOT NULL,
    valid_to    bigint   NOT NULL,
    mode        smallint NOT NULL,
    role        text,
    version     text,
    by_id       integer,
    feeds       integer[],
    content_id  bigint   NOT NULL,
    event_id    bigint,
    digest      bytea    NOT NULL UNIQUE
);
CREATE INDEX edge_fact_source ON edge_fact (source_id, relation);
CREATE INDEX edge_fact_target ON edge_fact (target_id, relation);
CREATE INDEX edge_fact_by ON edge_fact (by_id) WHERE by_id IS NOT NULL;
CREATE INDEX edge_fact_tx ON edge_fact (tx);

-- Names and mail addresses of people are stored here only, so that they can be erased without changing facts.
CREATE TABLE contact (
    asset_id  integer PRIMARY KEY,
    name      text,
    mail      text
);

CREATE TABLE dead_letter (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at  bigint  NOT NULL,
    format       text    NOT NULL,
    actor        text    NOT NULL,
    source       text,
    environment  text,
    body         text    NOT NULL,
    error        text    NOT NULL,
    pointer      text,
    attempts     integer NOT NULL DEFAULT 1,
    replayed_tx  bigint
);

CREATE TABLE connection (
    name          text PRIMARY KEY,
    kind          text   NOT NULL,
    url           text   NOT NULL,            -- without credentials
    state         text   NOT NULL,
    cursor        text,
    done          bigint NOT NULL DEFAULT 0,
    total         bigint,
    error         text,
    last_sync_at  bigint,
    secret        text NOT NULL             -- the key of webhook signatures
);
