"""Shapes (TypedDict) of the answers of `/api/v1/session`."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class CallerSession(TypedDict):
    """Who the caller is. `by`: what identifies it; null: nothing does, and `sign_in` is `required`.

    `sign_in`: whether a token is required, optional (this machine may do without one) or impossible (the server has none).
    `source`: the only origin for which it may report. `writes_curation`: it may write about assets. `csrf_token`: what writes by
    cookie send as `X-CSRF-Token`. `expires_at`: when session or token expires.
    """

    actor: str | None
    by: Literal["session", "token", "local"] | None
    sign_in: Literal["required", "optional", "impossible"]
    admin: bool
    source: str | None
    environment: str | None
    writes_curation: bool
    csrf_token: str | None
    expires_at: str | None


class SessionEnded(TypedDict):
    """Whether there was a session to end."""

    ended: bool
