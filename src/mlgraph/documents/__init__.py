"""YAML documents that people write: parsing with positions, validation by a schema, faults with line and column.

`reader.read` parses a text to a `Document`; `sections.validate` validates a part of it by a pydantic model. Both add faults to
one `Faults`, so that all are reported together. This package opens no files: callers pass the text and the name for messages.
"""
