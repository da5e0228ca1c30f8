-- What the settings of a source and of a sender's token say about names (docs/naming.md); null: not set.

ALTER TABLE connection
    ADD COLUMN place    text,   -- the system of the tables that the tool names without their place
    ADD COLUMN registry text;   -- the namespace of the registry of the models that it names

ALTER TABLE dead_letter ADD COLUMN scope text;   -- of the sender, where it is not its source
