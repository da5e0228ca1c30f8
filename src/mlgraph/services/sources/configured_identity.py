"""Identity as mlgraph.yaml declares it, aliases and assets that are to stay apart, kept in the store as facts.

What the document no longer says ends when the server starts with it; as of before, it held. Each declaration has an origin of its
own, so that the end of one touches no other.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.configuration import Configuration
from mlgraph.domain.facts import EdgeFact, EdgeRetraction, Fact
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.store import Appended, FactReader, Item
from mlgraph.services.common.identity import Caller
from mlgraph.services.history.alias_table import CONFIGURED
from mlgraph.services.history.asserted_facts import asserted_intervals

_log = logging.getLogger(__name__)

_ALIAS_OF: Final = "alias_of"
_ACTOR: Final = Caller("mlgraph")
_ALWAYS: Final = 0
"""1970: from before anything that is told of."""


def sync_configured_identity(
    reader: FactReader, append: Callable[[Sequence[Item], Caller], Appended], configuration: Configuration
) -> None:
    """Let the store say of identity what the configuration does, from now on."""
    now = clock.now_us()
    stored = _stored_declarations(reader)
    wanted = {fact.origin: fact for fact in _facts(configuration)}
    gone = [EdgeRetraction(name, _ALIAS_OF, of, origin, now) for origin, (name, of, end) in stored.items() if end > now]
    gone = [retraction for retraction in gone if retraction.origin not in wanted]
    new: list[Fact] = []
    for origin, fact in wanted.items():
        until = FOREVER if fact.valid_to is None else fact.valid_to
        if origin not in stored:
            new.append(fact)
        elif stored[origin][2] < min(until, now):  # it was taken back, and is said again: from now on
            new.append(EdgeFact(fact.source, _ALIAS_OF, fact.target, origin, now, fact.valid_to, fact.properties))
    if gone or new:
        append([Item([*gone, *new])], _ACTOR)
        _log.info("identity as configured: %d declarations are new, %d have ended", len(new), len(gone))


def _facts(configuration: Configuration) -> Iterator[EdgeFact]:
    for alias in configuration.aliases:
        since = _ALWAYS if alias.valid_from is None else alias.valid_from
        yield _fact(alias.name, alias.of, since, alias.valid_to, {})
    for apart in configuration.apart:
        for place, name in enumerate(apart.assets):
            for other in apart.assets[place + 1 :]:
                yield _fact(name, other, _ALWAYS, None, {"decision": "apart"})


def _fact(name: AssetUri, of: AssetUri, since: int, until: int | None, properties: dict[str, str]) -> EdgeFact:
    identity_text = f"{name} {of} {since} {until} {sorted(properties)}"
    origin = f"{CONFIGURED}:{hashlib.blake2b(identity_text.encode(), digest_size=6).hexdigest()}"
    return EdgeFact(name, _ALIAS_OF, of, origin, since, until, properties)


def _stored_declarations(reader: FactReader) -> dict[str, tuple[AssetUri, AssetUri, int]]:
    """Return, by origin, the ends of each declaration and until when it holds or held."""
    origins = {number: name for number, name in reader.origins().items() if name.startswith(f"{CONFIGURED}:")}
    records = [record for record in reader.alias_records() if record.origin in origins]
    rows = reader.rows({asset for record in records for asset in (record.source, record.target)})
    found: dict[str, tuple[AssetUri, AssetUri, int]] = {}
    for interval in sorted(asserted_intervals(reader, records), key=lambda interval: interval.end):
        name, of = rows[interval.record.source].uri, rows[interval.record.target].uri
        found[origins[interval.record.origin]] = (AssetUri.parse(name), AssetUri.parse(of), interval.end)
    return found
