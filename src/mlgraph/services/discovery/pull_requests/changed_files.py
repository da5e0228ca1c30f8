"""Impact of the changed files of a pull request: files to assets, assets to what they affect, in one answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mlgraph.changesets.definitions import ChangeSet, DefinitionChange, FileChange, Target, UnreadableFile
from mlgraph.changesets.reading import read_changes
from mlgraph.domain import clock, deadlines
from mlgraph.domain.history import asset_intervals, state_at
from mlgraph.domain.options.walk_options import DEFAULT_LIMIT
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import DATASET
from mlgraph.graph.noise.rules import Noise
from mlgraph.ports.store import FactReader
from mlgraph.services.discovery.pull_requests.asset_matching import AssetMatcher, Match
from mlgraph.services.discovery.pull_requests.change_impacts import ChangeImpacts, RootChange
from mlgraph.services.discovery.pull_requests.changed_files_answer import AnswerParts, changed_files_answer
from mlgraph.services.discovery.pull_requests.impact_thresholds import Threshold
from mlgraph.services.history.asserted_facts import records_of
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.asset_names import AssetNames

_FEATURE_VIEW: Final = "feature_view"


@dataclass(frozen=True, slots=True)
class ChangedFilesRequest:
    """The changed files; those that the sender could not read, with the reason; the threshold; how many assets to list."""

    files: Sequence[FileChange]
    skipped: Mapping[str, str] = field(default_factory=dict)
    fail_on: Threshold | None = None
    strict: bool = False
    limit: int = DEFAULT_LIMIT


class MappedChange(NamedTuple):
    """A change of an asset of the graph by a file: the asset or column, and the root of its impact (None: nothing changes)."""

    path: str
    uri: str
    change: DefinitionChange | None
    is_certain: bool
    root: RootChange | None


class ChangedFiles:
    """Answers about the changed files of pull requests. Thread-safe."""

    def __init__(self, reader: FactReader, follower: Follower, names: AssetNames, noise: Noise | None = None) -> None:
        """`reader`: the store, for schemas and teams. `noise`: assets that answers leave out."""
        self._names = names
        self._reader = reader
        self._follower = follower
        self._noise = noise

    def impact_of(self, request: ChangedFilesRequest) -> dict[str, Any]:
        """Return what the changed files affect (docs/pull-requests.md). Raises `OutOfTime`."""
        graph, moment = self._follower.snapshot(), clock.now_us()
        reader = self._reader.at(graph.watermark)
        changes = read_changes(request.files, deadlines.raise_if_exceeded)
        changes.unreadable += [UnreadableFile(path, None, reason) for path, reason in request.skipped.items()]
        mapped = _Mapping(reader, AssetMatcher(self._names, graph, moment), graph, moment, changes)
        assets = sorted(set(mapped.assets()), key=_order)
        roots = list(dict.fromkeys(each.root for each in assets if each.root is not None))
        affected = ChangeImpacts(reader, graph, self._noise, moment).of(_strongest(roots), mapped.alternatives)
        parts = AnswerParts(reader, graph, moment, affected, tuple(_strongest(roots)))
        unknown = sorted({*mapped.unknown, *(each.path for each in changes.unreadable)})
        return changed_files_answer(
            parts,
            {
                "assets": [_asset_body(each) for each in assets],
                "new": [
                    {"path": path, "names": [each.name for each in targets]} for path, targets in sorted(changes.added.items())
                ],
                "unknown": unknown,
                "unread": [
                    {"path": each.path, "line": each.line, "reason": each.reason}
                    for each in sorted([*changes.unreadable, *mapped.unknown.values()], key=lambda each: each.path)
                ],
                "rebuild": sorted(f"{model}+" for path, model in changes.selectors.items() if _is_present(request, path)),
            },
            request.limit,
            _failures(request, parts, unknown),
        )


def _is_present(request: ChangedFilesRequest, path: str) -> bool:
    return any(file.path == path and file.after is not None for file in request.files)


def _failures(request: ChangedFilesRequest, parts: AnswerParts, unknown: Sequence[str]) -> list[str]:
    """Return the reasons why a pull request is above the threshold."""
    found = []
    exceeded = request.fail_on.exceeded_by(parts.affected, strict=request.strict) if request.fail_on else None
    if exceeded is not None:
        found.append(exceeded)
    if request.strict and unknown:
        found.append(f"nothing is known of {len(unknown):,} changed {'file' if len(unknown) == 1 else 'files'}")
    return found


def _order(each: MappedChange) -> tuple[str, str, str, str]:
    return each.path, each.uri, each.change.change if each.change else "", each.change.detail if each.change else ""


def _strongest(roots: Sequence[RootChange]) -> Iterator[RootChange]:
    """Yield of the same change of the same asset the certain one only: two files may show it."""
    certain = {(root.root, root.change, root.unknown_column) for root in roots if root.is_certain}
    for root in roots:
        if root.is_certain or (root.root, root.change, root.unknown_column) not in certain:
            yield root


def _asset_body(each: MappedChange) -> dict[str, Any]:
    change = each.change
    return {
        "path": each.path,
        "uri": each.uri,
        "change": change.change if change else None,
        "detail": change.detail if change else None,
        "renamed_to": change.renamed_to if change else None,
        "certainty": "certain" if each.is_certain else "possible",
    }


class _Mapping:
    """The assets of the graph that changed files mean."""

    def __init__(self, reader: FactReader, matcher: AssetMatcher, graph: GraphVersion, moment: int, changes: ChangeSet) -> None:
        self._reader, self._matcher, self._graph, self._moment, self._changes = reader, matcher, graph, moment, changes
        self.unknown: dict[str, UnreadableFile] = {}
        """The files with a definition that no asset has, by path."""
        self.alternatives: set[int] = set()
        """The assets of names that several assets have, with their changed columns: one of them changes, not both."""
        of_features = [
            _feature(each.target, each.column) for each in changes.changes if each.target.kind == _FEATURE_VIEW and each.column
        ]
        wanted = dict.fromkeys([*(target for listed in changes.targets.values() for target in listed), *of_features])
        self._matches = self._matcher.matches(list(wanted))

    def assets(self) -> Iterator[MappedChange]:
        """Yield the changed assets, and those that a file defines without changing them; fill `unknown`."""
        changed: set[tuple[str, Target]] = set()
        for change in self._changes.changes:
            match = self._matches.get(change.target)
            changed.add((change.path, change.target))
            if match is None or not match.assets:
                self._note(change.path, change.target, match)
            else:
                yield from self._changed(change, match)
        for path, targets in self._changes.targets.items():
            added = self._changes.added.get(path, ())
            for target in targets:
                match = self._matches.get(target)
                if (match is None or not match.assets) and target not in added:
                    self._note(path, target, match)
                elif match is not None and (path, target) not in changed:
                    for asset in match.assets:
                        yield MappedChange(path, self._graph.asset_index.uri(asset), None, asset in match.certain, None)

    def _note(self, path: str, target: Target, match: Match | None) -> None:
        kind, name = target.kind.replace("_", " "), target.names[0][:100]
        reason = f"no {kind} is known whose name is {name!r} or ends in it"
        if match is not None:
            reason = f"the names of {match.total:,} assets of kind {kind} end in {name!r}: it says nothing about which is meant"
        self.unknown.setdefault(path, UnreadableFile(path, None, reason))

    def _changed(self, change: DefinitionChange, match: Match) -> Iterator[MappedChange]:
        if len(match.assets) > 1:
            self.alternatives.update(match.assets)
        for asset in match.assets:
            is_certain = change.certain and asset in match.certain
            if self._graph.asset_index.kind(asset) == DATASET and (change.column is not None or change.retained is not None):
                yield from self._columns(change, asset, is_certain=is_certain)
            elif change.target.kind == _FEATURE_VIEW and change.column is not None:
                yield from self._features(change, asset, is_certain=is_certain)
            else:
                yield self._of(change, asset, is_certain=is_certain)

    def _of(self, change: DefinitionChange, asset: int, *, is_certain: bool) -> MappedChange:
        root = RootChange(asset, change.change, is_certain)
        return MappedChange(change.path, self._graph.asset_index.uri(asset), change, is_certain, root)

    def _columns(self, change: DefinitionChange, dataset: int, *, is_certain: bool) -> Iterator[MappedChange]:
        known = self._matcher.columns(dataset)
        if change.retained is not None:
            names = sorted({*known, *self._fields(dataset)} - change.retained)
            names = [name for name in names if name.partition(".")[0] not in change.retained]
        else:
            names = [change.column or ""]
        for name in names:
            column = known.get(name.lower())
            if column is not None and dataset in self.alternatives:
                self.alternatives.add(column)
            if column is not None:
                yield self._of(change, column, is_certain=is_certain)
            else:
                root = RootChange(dataset, change.change, is_certain, unknown_column=True)
                uri = str(column_uri(AssetUri.parse(self._graph.asset_index.uri(dataset)), name))
                yield MappedChange(change.path, uri, change, is_certain, root)

    def _fields(self, dataset: int) -> set[str]:
        """Return the columns that the schema of a dataset lists, in lower case."""
        names = self._graph.aliases.names_at(dataset, self._moment) or [dataset]
        state = state_at(asset_intervals(records_of(self._reader, names)), self._moment) or {}
        schema = state.get("properties", {}).get("schema")
        listed = schema if isinstance(schema, list) else ()
        return {each["name"].lower() for each in listed if isinstance(each, dict) and isinstance(each.get("name"), str)}

    def _features(self, change: DefinitionChange, view: int, *, is_certain: bool) -> Iterator[MappedChange]:
        """Yield the change of a feature; what reads the complete view may read it."""
        feature = self._matches.get(_feature(change.target, change.column))
        for asset in feature.assets if feature is not None else ():
            yield self._of(change, asset, is_certain=is_certain and len(feature.assets if feature is not None else ()) == 1)
        yield self._of(change, view, is_certain=False)


def _feature(view: Target, name: str | None) -> Target:
    return Target("feature", f"{view.name}/{name}", also=(f"{view.name}.{name}", f"{view.name}:{name}"))
