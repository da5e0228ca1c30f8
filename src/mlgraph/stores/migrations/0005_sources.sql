-- What `mlgraph sources` shows of each source, and which of them the configuration made. Times are microseconds since the epoch.

ALTER TABLE connection
    ADD COLUMN configured    boolean NOT NULL DEFAULT false,
    ADD COLUMN errors        bigint  NOT NULL DEFAULT 0,
    ADD COLUMN last_error    text,
    ADD COLUMN last_error_at bigint,
    ADD COLUMN polled_at     bigint,  -- asked what changed, with success
    ADD COLUMN changed_at    bigint,  -- something new was learned
    ADD COLUMN swept_at      bigint;  -- what is there was compared with the graph
