"""YAML documents that people write: read with positions, validated by a schema, every fault reported at its line and column.

`reader.read` turns a text into a `Document`; `sections.validate` reads a part of it by a pydantic model. Both add faults to one
`Faults`, so that all are reported together. Nothing here opens a file: callers pass the text and the name that messages show.
"""
