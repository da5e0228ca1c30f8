-- The status of each source (`mlgraph sources`), and whether it comes from the configuration. Times are microseconds since the epoch.

ALTER TABLE connection
    ADD COLUMN configured    boolean NOT NULL DEFAULT false,
    ADD COLUMN errors        bigint  NOT NULL DEFAULT 0,
    ADD COLUMN last_error    text,
    ADD COLUMN last_error_at bigint,
    ADD COLUMN polled_at     bigint,  -- last successful poll
    ADD COLUMN changed_at    bigint,  -- last change of the graph by this source
    ADD COLUMN swept_at      bigint;  -- last sweep
