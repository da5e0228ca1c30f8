-- Which store this is: what is derived from a store and kept elsewhere (snapshot files) names it, so that it is never taken for that
-- of another. A restored store is another one.

CREATE TABLE instance (
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one),   -- there is one row
    id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO instance DEFAULT VALUES;
