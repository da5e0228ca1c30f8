"""Ingest: decoding, interpreting and appending facts, connector events and CloudEvents."""
