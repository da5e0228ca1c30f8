"""Access to a source: an address without secrets, and credentials that no log or answer shows."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.redaction.json_values import REDACTED, redact_url

MAX_SECRET_CHARS: Final = 8192


@dataclass(frozen=True, slots=True)
class Credentials:
    """A bearer token or, with `user`, that user's password (RFC 6750, RFC 7617). The secret is in no `repr`."""

    secret: str = field(repr=False)
    user: str | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidInput`, without the secret, if an HTTP header cannot carry these credentials."""
        if not self.secret:
            raise InvalidInput("the secret is empty")
        if len(self.secret) > MAX_SECRET_CHARS:
            raise InvalidInput(f"the secret is longer than {MAX_SECRET_CHARS} characters")
        if self.user is None and not all("!" <= char <= "~" for char in self.secret):
            raise InvalidInput("a token must be one line of visible ASCII characters without spaces")
        if self.user is not None and (not self.secret.isprintable() or not self.user.isprintable() or ":" in self.user):
            raise InvalidInput("user and password must each be one line of printable characters, the user without a colon")

    @property
    def authorization(self) -> str:
        """The value of the header Authorization."""
        if self.user is None:
            return f"Bearer {self.secret}"
        return f"Basic {self._basic}"

    @property
    def _basic(self) -> str:
        return b64encode(f"{self.user}:{self.secret}".encode()).decode()

    def redact(self, text: str) -> str:
        """Return `text` with the secret redacted in every encoding in which a source may repeat it."""
        forms = {self.secret, quote(self.secret, safe=""), quote_plus(self.secret), self._basic if self.user else self.secret}
        return re.sub("|".join(map(re.escape, sorted(forms, key=len, reverse=True))), REDACTED, text)


def check_address(url: str) -> None:
    """Raise `InvalidInput` unless `url` is an http or https URL of a server without a login; the message does not repeat it."""
    example = "such as http://mlflow.internal:5000"
    try:
        parts = urlsplit(url)
        login, port = parts.username is not None or "@" in parts.netloc, parts.port
    except ValueError:
        raise InvalidInput(f"this is not the URL of a server {example}: its host or port is malformed") from None
    if login or redact_url(url) != url:
        raise InvalidInput("credentials do not belong in a URL, because logs and answers would show them")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not url.isprintable() or " " in url:
        raise InvalidInput(f"this is not the URL of a server {example}")
    if parts.query or parts.fragment:
        raise InvalidInput(f"the URL of a server must not have a query or a fragment: end it after the path, {example}")
