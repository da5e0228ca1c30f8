"""Backup and restore of the complete store as one file."""
