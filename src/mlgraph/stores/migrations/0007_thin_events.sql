-- Events that name what changed at a source, until its truth has been fetched: one row a thing, however many events name it.

CREATE TABLE thin_event (
    source    text   NOT NULL,
    kind      text   NOT NULL,   -- the source's word: registered_model ...
    id        text   NOT NULL,
    event     text   NOT NULL,   -- the latest, for the dead letter that it may become
    at        bigint NOT NULL,   -- when the latest happened: microseconds since the epoch
    number    bigint NOT NULL,   -- grows with each event: a fetch that began before the last one does not settle it
    attempts  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (source, kind, id)
);

ALTER TABLE connection ADD COLUMN sweep_cursor text;  -- where a full sweep that was interrupted goes on
