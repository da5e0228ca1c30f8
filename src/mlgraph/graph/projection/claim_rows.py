"""Rows of the claims on an ambiguous name: traversals step between the name and its claimants over them (ADR 0035)."""

from __future__ import annotations

from collections.abc import Iterator

from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.claims import ambiguous_spans
from mlgraph.graph.model.rows import ALIAS_OF, RUN, WALK, WORKFLOW, Layer, NodeKey, Row, hub_of
from mlgraph.graph.model.spans import Spans, intersect, union
from mlgraph.graph.projection.histories import Assets


def claim_rows(member: int, aliases: Aliases, assets: Assets) -> Iterator[Row]:
    """Yield the rows between `member` and the hubs of the names that it claims, and its own hub, with a structure row a claim.

    Runs and workflows have none: which outputs a workflow leads to depends on the input that it is entered from.
    """
    if assets.kind(member) in (RUN, WORKFLOW):
        return
    for name, by_origin in aliases.claims_of(member).items():
        itself = _not_merged(name, aliases)
        for origin, spans in by_origin.items():
            for start, end in intersect(spans, itself):
                yield Row(Layer.STRUCTURE, NodeKey(name), ALIAS_OF, NodeKey(member), origin, start, end, 0)
        yield from _hub_rows(name, member, intersect(union(span for spans in by_origin.values() for span in spans), itself))
    if claims := aliases.claims(member):
        yield from _hub_rows(member, member, intersect(ambiguous_spans(claims), _not_merged(member, aliases)))


def _not_merged(name: int, aliases: Aliases) -> Spans:
    """Return when a name resolves to itself; one of several names that form a cycle may not."""
    return [(segment.start, segment.end) for segment in aliases.segments(name) if segment.asset == name]


def _hub_rows(name: int, asset: int, spans: Spans) -> Iterator[Row]:
    hub, member = hub_of(name), NodeKey(asset)
    for start, end in spans:
        for layer in (Layer.ASSET, Layer.RUN):
            yield Row(layer, member, ALIAS_OF, hub, 0, start, end, WALK)
            yield Row(layer, hub, ALIAS_OF, member, 0, start, end, WALK)
