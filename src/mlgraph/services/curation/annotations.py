"""What people write about assets: one change at a time, each on top of the latest state (docs/curation.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.curation.changes import CurationChange, changed_fields, check_size, read_change
from mlgraph.domain.curation.merging import successor_of
from mlgraph.domain.errors import Forbidden, InvalidInput, PreconditionFailed, Unavailable, UnknownAsset
from mlgraph.domain.facts import CURATION, AssetFact
from mlgraph.domain.history import CURATED_ORIGIN, AssetInterval, asset_intervals, curated_at, deleted_at, state_at
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.fact_redaction import redact_fact
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.exclusion import Exclusion
from mlgraph.ports.store import Appended, FactReader, Item
from mlgraph.services.common.identity import Caller
from mlgraph.services.history.asserted_facts import records_of
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.asset_fields import LATEST, entity_tag
from mlgraph.services.queries.query import Queries
from mlgraph.services.queries.resolver import Resolver

WAIT_S: Final = 10.0
"""Longest wait until answers include a change that is stored."""
MAX_SUCCESSORS: Final = 100
"""Longest chain of successors that is followed to find a cycle."""

Append = Callable[[Sequence[Item], Caller], Appended]


class Annotations:
    """Changes what people write about assets. Thread-safe, also between the processes of one store."""

    def __init__(self, reader: FactReader, follower: Follower, queries: Queries, append: Append, exclusion: Exclusion) -> None:
        self._reader = reader
        self._follower = follower
        self._queries = queries
        self._append = append
        self._exclusion = exclusion
        self._resolver = Resolver(reader, follower)

    def change(self, uri: str, body: Any, caller: Caller, if_match: Sequence[str] | None = None) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
        """Change what people wrote about an asset by a decoded request body; return the asset with the member `changed`.

        `if_match`: entity tags, one of which must be the present one, or `*`; None: any. Without a change nothing is written.
        Raises `Forbidden`, `UnknownAsset`, `InvalidInput`, `PreconditionFailed` and `Unavailable`.
        """
        if not caller.may_curate:
            raise Forbidden(
                f"the token of {caller.actor!r} is bound to the source {caller.source!r}, and sources report facts: people write "
                "about assets with a token without a source"
            )
        graph = self._resolver.graph(uri)
        now = clock.now_us()
        asset = self._resolver.asset(graph, uri, now)
        change = read_change(Located(body), KIND_NAMES[graph.asset_index.kind(asset)])
        with self._exclusion.exclusive():
            before = self._intervals(graph, asset, now)
            if if_match is not None and "*" not in if_match and entity_tag(before) not in if_match:
                raise PreconditionFailed(
                    f"{uri[:300]} was changed since it was read: read it again, and send the change with its new ETag in If-Match"
                )
            curated = curated_at(before, LATEST)
            state = self._redacted(graph.asset_index.uri(asset), self._checked(graph, asset, change, now).apply(curated))
            check_size(state.state)
            written = changed_fields(curated, state.state)
            tx = self._append([Item([state])], caller).tx if written else _last_written(before)
        self._wait_for(tx)
        return {**self._queries.asset(uri, counted=False), "changed": written}

    def _intervals(self, graph: GraphVersion, asset: int, now: int) -> list[AssetInterval]:
        return asset_intervals(records_of(self._reader, graph.aliases.names_at(asset, now) or [asset]))

    def _redacted(self, uri: str, state: Mapping[str, Any]) -> AssetFact:
        fact = redact_fact(AssetFact(AssetUri.parse(uri), CURATION, None, state))
        assert isinstance(fact, AssetFact)  # noqa: S101 - for the type checker
        return fact

    def _checked(self, graph: GraphVersion, asset: int, change: CurationChange, now: int) -> CurationChange:
        """Return the change. Raises `InvalidInput` if the successor cannot be one."""
        named = change.values.get("successor")
        if named is None:
            return change
        reached = self._known(named, now)
        if deleted_at(records_of(self._reader, graph.aliases.names_at(reached, now) or [reached]), now) is not None:
            raise InvalidInput(f"the successor {named[:300]} is deleted", pointer="/successor")
        passed: list[int] = []
        while reached not in passed:
            if reached == asset:
                chain = " -> ".join(graph.asset_index.uri(each)[:100] for each in (asset, *passed, asset))
                detail = f"the asset would be followed by itself: {chain}" if passed else "an asset is not its own successor"
                raise InvalidInput(detail, pointer="/successor")
            if len(passed) == MAX_SUCCESSORS:
                raise InvalidInput(f"more than {MAX_SUCCESSORS} assets would follow one another", pointer="/successor")
            passed.append(reached)
            state = state_at(self._intervals(graph, reached, now), LATEST)
            following = successor_of(state or {})
            try:
                reached = self._known(following, now) if following else reached
            except InvalidInput:  # a source names an asset that is not known
                break
        return change

    def _known(self, uri: str, now: int) -> int:
        try:
            return self._resolver.asset(self._resolver.graph(uri), uri, now)
        except UnknownAsset as error:
            raise InvalidInput(f"the successor must exist: {error.detail}", pointer="/successor") from None

    def _wait_for(self, tx: int) -> None:
        try:
            self._follower.wait_for(tx, WAIT_S)
        except Unavailable as error:
            raise Unavailable(
                f"the change is stored, but answers do not include it yet ({error.detail}); to send it again changes nothing",
                retry_after_s=2,
            ) from None


def _last_written(intervals: Sequence[AssetInterval]) -> int:
    """Return the transaction of the latest change of what people wrote; 0 if there is none."""
    return max((interval.tx for interval in intervals if interval.origin == CURATED_ORIGIN), default=0)
