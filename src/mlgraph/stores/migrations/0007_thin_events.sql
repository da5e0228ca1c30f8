-- Thin events that wait until the state of their object is fetched from the source: one row per object.

CREATE TABLE thin_event (
    source    text   NOT NULL,
    kind      text   NOT NULL,   -- the source's word: registered_model ...
    id        text   NOT NULL,
    event     text   NOT NULL,   -- the latest one; it becomes a dead letter after repeated failures
    at        bigint NOT NULL,   -- time of the latest event: microseconds since the epoch
    number    bigint NOT NULL,   -- increases with each event: a fetch that started before the last event does not complete it
    attempts  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (source, kind, id)
);

ALTER TABLE connection ADD COLUMN sweep_cursor text;  -- the position at which an interrupted full sweep continues
