"""Texts that people wrote into Unleash, as facts may contain them."""

from __future__ import annotations

from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.redaction.sanitizing import sanitize_text


def public_text(text: str) -> str:
    """Return `text` without secrets, and with mail addresses as opaque people."""
    return sanitize_text(Located(redact_text(text)))
