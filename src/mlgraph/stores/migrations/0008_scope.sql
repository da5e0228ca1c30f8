-- What stands before those names in a source's answers that mean nothing by themselves; none before this, and none by `connect`.

ALTER TABLE connection ADD COLUMN scope text;
