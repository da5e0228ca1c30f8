"""The settings of a source that decide the names in its answers: their checks, and warnings where they change."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Final

from mlgraph.domain.configuration import SourceSettings
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.naming_context import NamingContext, check_place, check_registry, check_scope
from mlgraph.ports.connections import Connection

_log = logging.getLogger(__name__)

_NAMED: Final = {
    "scope": "local locations (files, localhost)",
    "place": "tables that the tool names without their place",
    "registry": "model versions that the tool refers to",
}


def check_naming(naming: NamingContext, registries: Collection[str]) -> None:
    """Raise `InvalidInput`, with the pointer of the member, unless all that is set is valid. `registries`: the known kinds."""
    for key, value, check in (
        ("scope", naming.scope, check_scope),
        ("place", naming.place, check_place),
        ("registry", naming.registry, lambda text: check_registry(text, registries)),
    ):
        try:
            if value is not None:
                check(value)
        except InvalidInput as error:
            raise error.under(f"/{key}") from None


def warn_of_new_names(known: Connection, settings: SourceSettings) -> None:
    """Log each setting of a configured source that changes names in its answers."""
    for key, named in _NAMED.items():
        before, now = getattr(known, key), getattr(settings, key)
        if before != now:
            _log.warning(
                "the %s of %s is %s now, and was %s: %s get new names from now on; assets under the old names remain "
                "(docs/configuration.md, Scope)",
                key,
                settings.name,
                repr(now) if now else "nothing",
                repr(before) if before else "nothing",
                named,
            )
