-- The identity of the store: derived files (base files) record it, so that they are never used for another store. A restored
-- store has a new identity.

CREATE TABLE instance (
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one),   -- there is one row
    id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO instance DEFAULT VALUES;
