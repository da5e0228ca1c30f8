"""Backup and restore: a file of all tables."""
