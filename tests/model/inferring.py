"""Naive model of docs/spec.md#7-inferred-relations: at one moment, every path through all edges that matches a rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mlgraph.domain.facts import Fact
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.inference.patterns import PathPattern
from mlgraph.inference.rules import Rule, Rules
from tests.model.pairs import Level, Pairs
from tests.model.records import Record, Triple, fold, last_change_at, spans
from tests.model.records import by_key as by_edge_key
from tests.model.renamed import RenamedGraph
from tests.model.runs import side_of


class Found(NamedTuple):
    """An edge as conditions see it, and whether it is certain."""

    triple: Triple
    role: str
    version: str
    properties: dict[str, Any]
    certain: bool


class NaiveRules:
    """Computes all edges that rules infer from a set of facts, moment by moment."""

    def __init__(self, rules: Rules, naive: RenamedGraph) -> None:
        self.rules = rules
        self.naive = naive
        self._edges: dict[int, list[Found]] = {}
        self._known: dict[tuple[str, int], dict[Triple, bool]] = {}
        self._reports: list[Record] | None = None

    def edges(self, rule: Rule, t: int) -> dict[Triple, bool]:
        """Return the edges that one rule infers at `t`, each with whether it is certain."""
        if (rule.name, t) not in self._known:
            self._known[rule.name, t] = self._search(rule, t)
        return self._known[rule.name, t]

    def _search(self, rule: Rule, t: int) -> dict[Triple, bool]:
        found: dict[Triple, bool] = {}
        for path in rule.paths:
            for ends, certain in self._matches(rule, path, t):
                if ends[0] != ends[1] and RELATIONS[rule.relation].allows(ends[0].kind, ends[1].kind):
                    triple = (ends[0], rule.relation, ends[1])
                    found[triple] = certain or found.get(triple, False)
        return found

    def _matches(self, rule: Rule, path: PathPattern, t: int) -> Iterator[tuple[tuple[AssetUri, AssetUri], bool]]:
        edges = [*self._asserted(t), *self._inferred(rule, t)]
        for start in sorted({end for edge in edges for end in (edge.triple[0], edge.triple[2])}):
            for nodes, certain in self._from(rule, path, [start], edges, t):
                yield (nodes[0], nodes[-1]), certain

    def _from(
        self, rule: Rule, path: PathPattern, nodes: list[AssetUri], edges: list[Found], t: int
    ) -> Iterator[tuple[list[AssetUri], bool]]:
        """Yield every match of the path whose first nodes are `nodes`, with whether it is certain."""
        place = len(nodes) - 1
        if nodes[-1].kind not in path.nodes[place].kinds or not self._fulfils(rule, path.nodes[place].name, nodes[-1], t):
            return
        if place == len(path.edges):
            yield nodes, True
            return
        step = path.edges[place]
        for edge in edges:
            near, far = (edge.triple[0], edge.triple[2]) if step.forward else (edge.triple[2], edge.triple[0])
            if near != nodes[-1] or edge.triple[1] not in step.relations or not _fits(rule, step.name, edge):
                continue
            for matched, certain in self._from(rule, path, [*nodes, far], edges, t):
                fed_by = self._inputs_of(path, matched, place, t)
                if fed_by is not None:
                    yield matched, certain and edge.certain and fed_by

    def _inputs_of(self, path: PathPattern, matched: list[AssetUri], place: int, t: int) -> bool | None:
        """Return whether the input before a run or workflow at `place` certainly feeds the output after it; None: it does not."""
        if place == 0 or matched[place].kind not in ("run", "workflow"):
            return True
        before, after = path.edges[place - 1], path.edges[place]
        if before.forward and after.forward and "input_to" in before.relations and "outputs" in after.relations:
            return self._pairs(matched[place], t).get((matched[place - 1], matched[place + 1]))
        if not before.forward and not after.forward and "outputs" in before.relations and "input_to" in after.relations:
            return self._pairs(matched[place], t).get((matched[place + 1], matched[place - 1]))
        return True

    def _pairs(self, node: AssetUri, t: int) -> Pairs:
        found: Pairs = {}
        for name in {uri for uri in self.naive.uris() if self.naive.at(uri, t) == node}:
            for (source, output), certain in self._pairs_of_name(name, t).items():
                pair = (self.naive.at(source, t), self.naive.at(output, t))
                found[pair] = certain or found.get(pair, False)
        return found

    def _pairs_of_name(self, node: AssetUri, t: int) -> Pairs:
        if node.kind == "workflow":
            return self.naive.pairs(node, "asset", t)
        valid = [record for record in self._reported() if record.is_valid(t)]
        return self.naive.pairing.of_run(node, t, valid)

    def _reported(self) -> list[Record]:
        """Return the records that runs reported, ended by every retraction but those of the runs themselves."""
        if self._reports is not None:
            return self._reports
        found = self._reports = []
        for key, reported in by_edge_key(self.naive.edge_facts).items():
            triple = (key[0], key[1], key[2])
            if (place := side_of(triple)) is not None and place[1].kind == "run":
                certain = not all(fact.properties.get("possible") for fact in reported)
                for start, end in spans(reported, self.naive.endings.all(triple, key[-1])):
                    found.append(Record(triple, key[3], key[5], key[-1], start, end, certain))
        return found

    def _asserted(self, t: int) -> list[Found]:
        if t not in self._edges:
            asserted_by_name = [*self._plain(t), *self._computed(t), *self._owners(t)]
            self._edges[t] = [named for edge in asserted_by_name if (named := self._under_names(edge, t)) is not None]
        return self._edges[t]

    def _under_names(self, edge: Found, t: int) -> Found | None:
        source, relation, target = edge.triple
        ends = self.naive.at(source, t), self.naive.at(target, t)
        return edge._replace(triple=(ends[0], relation, ends[1])) if ends[0] != ends[1] or source == target else None

    def _plain(self, t: int) -> Iterator[Found]:
        for key, reported in by_edge_key(self.naive.edge_facts).items():
            triple = (key[0], key[1], key[2])
            if _is_computed(triple):
                continue
            certain = not all(fact.properties.get("possible") for fact in reported)
            for start, end in spans(reported, self.naive.endings.all(triple, key[-1])):
                if start <= t < end:
                    yield Found(triple, key[3] or "", key[4] or "", {}, certain=certain)

    def _computed(self, t: int) -> Iterator[Found]:
        for record in self.naive.valid("asset", t):
            if _is_computed(record.triple):
                yield Found(record.triple, "", "", {}, certain=record.certain)

    def _owners(self, t: int) -> Iterator[Found]:
        assets = self.naive.merged(t)
        for uri in {fact.uri for fact in assets.facts}:
            state, _ = assets.state(uri, t)
            for text in (state or {}).get("owners", ()):
                owner = AssetUri.parse(text)
                if any(self._names(uri, origin, owner, t) for origin in assets.origins_of(uri, t)):
                    yield Found((uri, "owned_by", owner), "", "", {}, certain=True)

    def _names(self, uri: AssetUri, origin: str, owner: AssetUri, t: int) -> bool:
        """Return whether `origin` names the owner, and no retraction of the owner has ended that."""
        living = self.naive.merged(t).living_facts(uri, origin, t)
        if str(owner) not in fold(living).get("owners", ()):
            return False
        return not any(last_change_at(living) <= end <= t for end in self.naive.endings_of.of(owner, origin))

    def _inferred(self, rule: Rule, t: int) -> Iterator[Found]:
        for other in self.rules.inferring(rule.needed_signatures()):
            for triple, certain in self.edges(other, t).items():
                yield Found(triple, "", "", {}, certain=certain)

    def _fulfils(self, rule: Rule, name: str | None, uri: AssetUri, t: int) -> bool:
        conditions = [condition for condition in rule.where if condition.about == name]
        if not conditions:
            return True
        state, _ = self.naive.merged(t).state(uri, t)
        known = {"name": uri.name, "description": "", "owners": [], "tags": [], "properties": {}, **(state or {})}
        word = known["properties"].get("state", "")
        value = {**known, "uri": str(uri), "kind": uri.kind, "state": word}
        return all(condition.matches(value) for condition in conditions)


class InferringGraph(RenamedGraph):
    """A naive graph of facts without aliases; its walks follow inferred `tested_in` edges."""

    def __init__(self, facts: list[Fact], rules: Rules) -> None:
        super().__init__(facts, _itself, lambda uri: {uri})
        self._rules = NaiveRules(rules, RenamedGraph(facts, _itself, lambda uri: {uri}))
        self._with_inferred: dict[tuple[Level, int], list[Record]] = {}

    def valid(self, level: Level, t: int) -> list[Record]:
        if (level, t) not in self._with_inferred:
            self._with_inferred[level, t] = [*super().valid(level, t), *self._inferred(t)]
        return self._with_inferred[level, t]

    def possible(self, t: int) -> set[Record]:
        return {record for record, certain in self._inferred(t).items() if not certain}

    def _inferred(self, t: int) -> dict[Record, bool]:
        return {
            Record(triple, None, None, rule.origin, t, t + 1): certain
            for rule in self._rules.rules
            if rule.relation == "tested_in"
            for triple, certain in self._rules.edges(rule, t).items()
        }


def _itself(uri: AssetUri, t: int) -> AssetUri:
    del t
    return uri


def _fits(rule: Rule, name: str | None, edge: Found) -> bool:
    reported = {"relation": edge.triple[1], "role": edge.role, "version": edge.version, "properties": edge.properties}
    return all(condition.matches(reported) for condition in rule.where if condition.about == name and name is not None)


def _is_computed(triple: Triple) -> bool:
    place = side_of(triple)
    between_columns = triple[1] == "derives" and triple[0].kind == "column"
    return between_columns or (place is not None and place[1].kind == "workflow")
