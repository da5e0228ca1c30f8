-- The prefix of ambiguous names in a source's answers; null for older sources and for those of `connect`.

ALTER TABLE connection ADD COLUMN scope text;
