"""The redaction of version 0.1.0, which facts in its stores passed before their digest was taken (docs/adr/0031).

It recognises a fact from before the upgrade when it is sent again. Nothing is stored or answered that passed only this rule.
"""

from __future__ import annotations

import re
from typing import Any, Final

from mlgraph.domain.redaction.json_values import redact_url
from mlgraph.domain.redaction.secret_names import REDACTED

_SECRET_KEY: Final = re.compile(
    r"passw(or)?d|passphrase|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key|(auth|access|bearer|session|refresh)[_-]?token"
    r"|^token$|authorization|connection[_-]?string|account[._-]?key",
    re.IGNORECASE,
)


def redact_as_0_1(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return `value` as version 0.1.0 stored it: it redacted members with a secret's name, and credentials in URLs."""
    if isinstance(value, dict):
        return {
            key: REDACTED if _SECRET_KEY.search(key) and not isinstance(item, bool | None) else redact_as_0_1(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redact_as_0_1(item) for item in value]
    return redact_url(value) if isinstance(value, str) else value
