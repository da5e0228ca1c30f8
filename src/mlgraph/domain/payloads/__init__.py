"""Decoded payloads: reading them with JSON pointers, warnings about details, and the fields of schemas."""
