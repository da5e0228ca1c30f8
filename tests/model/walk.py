"""Naive model of docs/spec.md#5-parts-and-wholes and of the walk: states are relaxed until nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, TypeVar

from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column, field_of_column
from mlgraph.domain.vocabulary import PART_RELATIONS, WALKED
from tests.model.pairs import Pairs
from tests.model.records import Record
from tests.model.runs import side_of


class Port(NamedTuple):
    """One pair of a run or workflow: the only continuation where column lineage is not known."""

    source: AssetUri
    output: AssetUri


ReportedColumns: TypeAlias = tuple[AssetUri, AssetUri | None, AssetUri | None]
"""A run or workflow, with an input and an output between whose columns it reports lineage."""
State: TypeAlias = tuple[AssetUri, AssetUri | Port | None]
"""A node, and for a run or workflow the neighbour from which the walk entered (None: it started there). A dataset paired with
itself was reached from its own columns, a column paired with itself from one of its parts."""


Key = TypeVar("Key")


class Walk:
    """One walk in one direction over the records valid at one moment."""

    def __init__(
        self,
        valid: list[Record],
        pairs_of: Callable[[AssetUri], Pairs],
        reported_columns: set[ReportedColumns],
        *,
        downstream: bool,
        hidden: Collection[AssetUri] = (),
        possible: Collection[Record] = (),
        claims: Mapping[AssetUri, Collection[AssetUri]] = MappingProxyType({}),
        known: Collection[AssetUri] = (),
    ) -> None:
        """`claims`: the claimants of each ambiguous name; `known`: all assets that any fact names."""
        self.hidden = hidden
        self.possible = possible
        self.claims = claims
        self.known = known
        self.pairs_of = pairs_of
        self.reported_columns = reported_columns
        self.downstream = downstream
        self.walked = {record for record in valid if record.triple[1] in WALKED}
        self.parts = {record.triple for record in valid if record.triple[1] in PART_RELATIONS}

    def reached_from(self, root: AssetUri) -> dict[AssetUri, tuple[int, bool]]:
        """Return distance and certainty of all reached assets; a step to a hidden asset has length 0."""
        distances, certain = self.states_from(root)
        found: dict[AssetUri, tuple[int, bool]] = {}
        for state, distance in distances.items():
            _note(found, state[0], distance, certain=state in certain)
        for uri, (distance, is_certain) in list(found.items()):
            for part, relation, parent in self.parts:
                if uri == part and uri.kind == "model_version" and relation == "version_of":
                    _note(found, parent, distance + 1, certain=is_certain)
        return found

    def states_from(self, root: AssetUri) -> tuple[dict[State, int], set[State]]:
        """Return the distances of the reached states, and the set of those reached over certain steps only."""
        distances: dict[State, int] = {(uri, None): distance for uri, distance in self.parents_and_parts(root).items()}
        certain = set(distances)
        changed = True
        while changed:
            changed = False
            for state in list(distances):
                for following, is_certain in self.next(state):
                    distance = distances[state] + (following[0] not in self.hidden)
                    if distance < distances.get(following, 1 << 60):
                        distances[following] = distance
                        changed = True
                    if state in certain and is_certain and following not in certain:
                        certain.add(following)
                        changed = True
        return distances, certain

    def paths_from(self, root: AssetUri) -> dict[AssetUri, tuple[str, ...]]:
        """Return for each reached asset that is not hidden, of the shortest paths to it, the first by its list of URIs.

        Hidden assets are not on the paths.
        """
        paths: dict[State, tuple[str, ...]] = {(root, None): (str(root),)}
        layer = {root}
        starts = self.parents_and_parts(root)
        while layer:
            links = [(part, parent) for part, _, parent in self.parts if parent in layer]
            layer = {part for part, parent in links if starts.get(part) == starts[parent] + 1}
            for part, parent in links:
                if part in layer:
                    _note_path(paths, (part, None), (*paths[parent, None], str(part)))
        changed = True
        while changed:
            changed = False
            for state in list(paths):
                for following, _ in self.next(state):
                    shown = () if following[0] in self.hidden else (str(following[0]),)
                    changed |= _note_path(paths, following, (*paths[state], *shown))
        found: dict[AssetUri, tuple[str, ...]] = {}
        for (uri, _), path in paths.items():
            _note_path(found, uri, path)
        for part, relation, parent in self.parts:
            if part in found and part.kind == "model_version" and relation == "version_of":
                _note_path(found, parent, (*found[part], str(parent)))
        return {uri: path for uri, path in found.items() if uri not in self.hidden}

    def parents_and_parts(self, root: AssetUri) -> dict[AssetUri, int]:
        """Return the start assets: the root at 0, its parts at 1, their parts at 2; columns do not count as parts."""
        starts = {root: 0}
        layer = {root}
        while layer:
            layer = {part for part, _, parent in self.parts if parent in layer and part.kind != "column" and part not in starts}
            starts |= dict.fromkeys(layer, max(starts.values()) + 1)
        return starts

    def next(self, state: State) -> Iterator[tuple[State, bool]]:
        """Yield the states after one step, and whether the step is certain."""
        node, came_by = state
        if came_by is None:
            yield from ((other, False) for other in self._other_claimants(node))
        if node.kind == "column":
            yield from self._next_of_column(node, as_parent=came_by == node)
        elif came_by == node:
            for following in self._beyond_columns(node):
                yield following, False
        elif came_by is not None:
            yield from self._next_by_pairs(node, came_by)
        else:
            for record in self.walked:
                here, there = self._ends(record)
                if here == node and there.kind != "column":
                    yield self._enter(record), record.certain and record not in self.possible

    def _other_claimants(self, node: AssetUri) -> Iterator[State]:
        """Yield the other assets that may be the same: of each ambiguous name, all claimants and the name, if it is used itself.

        The columns of claimants with the same name are claimants too; where there is no such column, the whole dataset is next.
        """
        dataset = dataset_of_column(node) if node.kind == "column" else None
        for name, claimants in self.claims.items():
            members = {name, *claimants}
            if node in members:
                yield from ((other, None) for other in members - {node} if other != name or self._is_used(other))
            if dataset in members:
                for other in members - {dataset}:
                    column = column_uri(other, field_of_column(node))
                    if column in self.known and (other != name or self._is_used(column)):
                        yield column, None
                    elif any(self._beyond_columns(other)):
                        yield other, other

    def _is_used(self, name: AssetUri) -> bool:
        """Return whether something reads or writes what has this name, or it claims another name."""
        return any(name in (record.triple[0], record.triple[2]) for record in self.walked) or any(
            name in claimants for claimants in self.claims.values()
        )

    def _next_by_pairs(self, node: AssetUri, came_by: AssetUri | Port) -> Iterator[tuple[State, bool]]:
        """Yield the steps through a run or workflow by its pairs: all of the neighbour's, or the one of a port."""
        for (source, output), certain in self.pairs_of(node).items():
            here, there = (source, output) if self.downstream else (output, source)
            if came_by in (here, Port(source, output)):
                yield (there, None), certain

    def _next_of_column(self, column: AssetUri, *, as_parent: bool) -> Iterator[tuple[State, bool]]:
        """Yield a column's own edges, its parent, its parts, and its dataset if that has neighbours without column lineage.

        `as_parent`: the walk came from one of its parts, and does not go on to the others.
        """
        for part, relation, parent in self.parts:
            if relation == "part_of" and part.kind == parent.kind == "column":
                if part == column:
                    yield (parent, parent), not self.downstream
                elif parent == column and not as_parent:
                    yield (part, None), self.downstream
        for record in self.walked:
            if self._ends(record)[0] == column:
                yield self._enter(record), record.certain
        dataset = dataset_of_column(column)
        if dataset is not None and any(self._beyond_columns(dataset)):
            yield (dataset, dataset), False

    def _beyond_columns(self, dataset: AssetUri) -> Iterator[State]:
        """Yield the steps of the complete dataset for which column lineage is not known, output by output."""
        for record in self.walked:
            here, there = self._ends(record)
            if here != dataset:
                continue
            place = side_of(record.triple)
            if not (place and place[1] == there):
                if not self._asserted_alone(dataset, there):
                    yield there, None
            elif self.downstream:
                outputs = [output for source, output in self.pairs_of(there) if source == dataset]
                silent = [output for output in outputs if not self._asserted(there, output, dataset)]
                yield from ((there, Port(dataset, output)) for output in silent)
                if not outputs:
                    yield there, dataset
            elif not self._asserted(there, dataset, None):
                yield there, dataset

    def _asserted_alone(self, dataset: AssetUri, neighbour: AssetUri) -> bool:
        """Return whether column edges that no run reported connect the dataset and this neighbour."""
        for record in self.walked:
            here, there = self._ends(record)
            if here.kind == "column" and dataset_of_column(here) == dataset:
                other = dataset_of_column(there) if there.kind == "column" else there
                if other == neighbour:
                    return True
        return False

    def _asserted(self, owner: AssetUri, output: AssetUri, source: AssetUri | None) -> bool:
        """Return whether runs of `owner` reported column lineage of `output` from `source` (None: from any input)."""
        return any(
            asserted_by == owner and right == output and source in (None, left)
            for asserted_by, left, right in self.reported_columns
        )

    def _ends(self, record: Record) -> tuple[AssetUri, AssetUri]:
        source, _, target = record.triple
        return (source, target) if self.downstream else (target, source)

    def _enter(self, record: Record) -> State:
        """Return the state after a step; the state of a run or workflow includes the node from which it was entered."""
        here, there = self._ends(record)
        place = side_of(record.triple)
        return (there, here) if place and place[1] == there else (there, None)


def _note_path(paths: dict[Key, tuple[str, ...]], key: Key, path: tuple[str, ...]) -> bool:
    """Set the path of `key` if it is shorter, or as short and before the known one; return whether it is."""
    known = paths.get(key)
    if known is not None and (len(known), known) <= (len(path), path):
        return False
    paths[key] = path
    return True


def _note(found: dict[AssetUri, tuple[int, bool]], uri: AssetUri, distance: int, *, certain: bool) -> None:
    before = found.get(uri, (distance, certain))
    found[uri] = (min(distance, before[0]), certain or before[1])
