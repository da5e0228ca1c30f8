-- The key of the digests of events and facts from which secrets were redacted: without it nobody can find out by trial which secret
-- a digest was taken of. It belongs to the store, so that every server, and a restored backup, recognises repeats.

CREATE TABLE digest_key (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),   -- there is one row
    key  bytea   NOT NULL DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
);
INSERT INTO digest_key DEFAULT VALUES;

-- How far the texts of earlier versions are redacted (docs/adr/0031): rows up to this position are done.
CREATE TABLE redaction (
    table_name  text    PRIMARY KEY,
    position    bigint  NOT NULL DEFAULT 0,
    changed     bigint  NOT NULL DEFAULT 0,   -- rows
    is_done     boolean NOT NULL DEFAULT false
);
INSERT INTO redaction (table_name) VALUES ('content'), ('event'), ('edge_fact'), ('dead_letter'), ('thin_event'), ('connection');
