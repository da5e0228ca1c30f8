"""Persistence: PostgreSQL (embedded or external), base files, backup files."""
