-- Details of events that were left out (docs/spec.md#12-details-of-events), counted by format and source ('' without one).

CREATE TABLE event_warning (
    format        text   NOT NULL,
    source        text   NOT NULL,
    events        bigint NOT NULL,          -- with warnings
    warnings      bigint NOT NULL,
    last_at       bigint NOT NULL,
    last_pointer  text   NOT NULL,
    last_message  text   NOT NULL,
    PRIMARY KEY (format, source)
);
