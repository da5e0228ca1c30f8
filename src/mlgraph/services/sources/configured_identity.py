"""Identity declarations of mlgraph.yaml (aliases and distinct assets), synchronised with the facts in the store.

A declaration that was removed from the file ends when the server next starts; it stays valid for earlier moments. Each
declaration has an origin of its own, so that ending one affects no other.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
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
"""1970: before any reported event."""


def sync_configured_identity(
    reader: FactReader, append: Callable[[Sequence[Item], Caller], Appended], configuration: Configuration
) -> None:
    """Append declarations and retractions so that the valid declarations in the store equal those of `configuration`."""
    now = clock.now_us()
    stored = _stored_declarations(reader)
    wanted = {fact.origin: fact for fact in _facts(configuration)}
    removed = [
        EdgeRetraction(name, _ALIAS_OF, of, origin, now)
        for origin, (name, of, end) in stored.items()
        if end > now and origin not in wanted
    ]
    new: list[Fact] = []
    for origin, fact in wanted.items():
        until = FOREVER if fact.valid_to is None else fact.valid_to
        if origin not in stored:
            new.append(fact)
        elif stored[origin][2] < min(until, now):  # declared again after it had ended: valid from now on
            new.append(EdgeFact(fact.source, _ALIAS_OF, fact.target, origin, now, fact.valid_to, fact.properties))
    if removed or new:
        append([Item([*removed, *new])], _ACTOR)
        _log.info("identity declarations of the configuration: %d added, %d ended", len(new), len(removed))


def _facts(configuration: Configuration) -> Iterator[EdgeFact]:
    for alias in configuration.aliases:
        since = _ALWAYS if alias.valid_from is None else alias.valid_from
        yield _fact(alias.name, alias.of, since, alias.valid_to, {})
    for apart in configuration.apart:
        for name, other in combinations(apart.assets, 2):
            yield _fact(name, other, _ALWAYS, None, {"decision": "apart"})


def _fact(name: AssetUri, of: AssetUri, since: int, until: int | None, properties: dict[str, str]) -> EdgeFact:
    identity_text = f"{name} {of} {since} {until} {sorted(properties)}"
    origin = f"{CONFIGURED}:{hashlib.blake2b(identity_text.encode(), digest_size=6).hexdigest()}"
    return EdgeFact(name, _ALIAS_OF, of, origin, since, until, properties)


def _stored_declarations(reader: FactReader) -> dict[str, tuple[AssetUri, AssetUri, int]]:
    """Return, by origin, the two names of each declaration and the end of its last validity interval (microseconds)."""
    origins = {number: name for number, name in reader.origins().items() if name.startswith(f"{CONFIGURED}:")}
    records = [record for record in reader.alias_records() if record.origin in origins]
    rows = reader.rows({asset for record in records for asset in (record.source, record.target)})
    found: dict[str, tuple[AssetUri, AssetUri, int]] = {}
    for interval in sorted(asserted_intervals(reader, records), key=lambda interval: interval.end):
        name, of = rows[interval.record.source].uri, rows[interval.record.target].uri
        found[origins[interval.record.origin]] = (AssetUri.parse(name), AssetUri.parse(of), interval.end)
    return found
