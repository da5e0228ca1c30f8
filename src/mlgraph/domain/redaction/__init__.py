"""Redaction: the one rule that finds secrets in texts, JSON values and facts (docs/adr/0031)."""
