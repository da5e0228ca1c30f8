"""The answer about the changed files of a pull request: verdict, affected assets, teams and owners to notify."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.history import asset_intervals, state_at
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import Effect
from mlgraph.graph.impact.severity import SEVERITIES
from mlgraph.graph.model.rows import RUN, WORKFLOW, Bools
from mlgraph.graph.response.json_rendering import owners_json
from mlgraph.graph.response.paging import CERTAINTY
from mlgraph.graph.traversal.teams import NO_TEAM, Teams
from mlgraph.ports.store import FactReader
from mlgraph.services.discovery.pull_requests.change_impacts import AffectedAssets, RootChange
from mlgraph.services.history.asserted_facts import records_of

MAX_PATH_URIS: Final = 200_000
"""Most URIs in all paths of one answer."""
MAX_WORKFLOWS: Final = 1_000
"""Workflows to run again that one answer lists."""
_HANDLE: Final = re.compile(r"@?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,99})(?:/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,99}))?", re.ASCII)
"""An account, or a team of an organisation, of GitHub or GitLab."""
_WORDS: Final = (
    (Effect.BREAKS_NOW, "{} break now", "{} breaks now"),
    (Effect.BREAKS_NEXT_RUN, "{} break at their next run", "{} breaks at its next run"),
    (Effect.TAINTED, "{} tainted", "{} tainted"),
)


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """What an answer is made of: the affected assets of a graph version at `moment` (microseconds), and their causes."""

    reader: FactReader
    graph: GraphVersion
    moment: int
    affected: AffectedAssets
    causes: Sequence[RootChange]


def changed_files_answer(parts: AnswerParts, files: Mapping[str, Any], limit: int, failures: Sequence[str]) -> dict[str, Any]:
    """Return the answer as JSON. `files` has the fields about files; `failures` the reasons against the pull request."""
    graph, affected = parts.graph, parts.affected
    teams = Teams(graph, parts.moment).of(affected.assets)
    listed, reason = _listed(affected, limit)
    by_team = _by_team(parts, teams.uris, np.asarray(teams.number))
    counts = _counts(affected, np.ones(len(affected.assets), np.bool_))
    rebuild = _workflows(graph, affected)
    return {
        "verdict": _verdict(counts, sum(team["team"] is not None for team in by_team), len(files["unknown"])),
        "failed": list(failures),
        "counts": counts,
        "assets": files["assets"],
        "new": files["new"],
        "unknown": files["unknown"],
        "unread": files["unread"],
        "affected": _affected(parts, listed, [teams.uri(place) for place in listed.tolist()]),
        "by_team": by_team,
        "notify": owners_json(*graph.asset_index.owned(affected.assets), graph.asset_index.uri_texts(affected.assets)),
        "rebuild": {"dbt": files["rebuild"], "workflows": rebuild[:MAX_WORKFLOWS], "workflows_total": len(rebuild)},
        "total": len(affected.assets),
        "partial": len(listed) < len(affected.assets),
        "reason": reason,
        "watermark": graph.watermark,
    }


def _listed(affected: AffectedAssets, limit: int) -> tuple[NDArray[np.int64], str | None]:
    """Return the places of the assets that an answer lists, and why it does not list all (None: it does)."""
    total = len(affected.assets)
    fits = np.flatnonzero(np.cumsum(affected.distances.astype(np.int64) + 1) <= MAX_PATH_URIS)
    count = min(limit, len(fits))
    return np.arange(count), None if count == total else "limit" if count == limit else "size"


def _counts(affected: AffectedAssets, own: Bools) -> dict[str, int]:
    """Return how many of some assets have each effect for certain, and how many are only possible."""
    certain = own & affected.certain
    found = {effect.word: int((certain & (affected.effects == effect)).sum()) for effect, _, _ in _WORDS}
    return {**found, "possible": int((own & ~affected.certain).sum())}


def _verdict(counts: Mapping[str, int], teams: int, unknown: int) -> str:
    """Return the verdict in one line, without what is zero."""
    words = [
        (one if counts[effect.word] == 1 else many).format(f"{counts[effect.word]:,}")
        for effect, many, one in _WORDS
        if counts[effect.word]
    ]
    words += [f"{counts['possible']:,} possible"] if counts["possible"] else []
    words += [f"in {teams:,} {'team' if teams == 1 else 'teams'}"] if words and teams else []
    if not words:
        words = ["nothing known is affected"]
    if unknown:
        words.append(f"{unknown:,} changed {'file' if unknown == 1 else 'files'} unknown")
    return ", ".join(words)


def _affected(parts: AnswerParts, listed: NDArray[np.int64], teams: Sequence[str | None]) -> list[dict[str, Any]]:
    """Return the JSON object of each listed asset."""
    affected, index = parts.affected, parts.graph.asset_index
    assets = affected.assets[listed]
    paths = [affected.path(place) for place in listed.tolist()]
    uris = iter(index.uris(np.concatenate([np.zeros(0, np.int32), *paths]).astype(np.int32)))
    columns = (affected.distances, affected.severities, affected.effects, affected.certain, affected.cause)
    rows = zip(
        index.uris(assets),
        index.names_and_owners(assets),
        index.kinds(assets).tolist(),
        paths,
        teams,
        *(column[listed].tolist() for column in columns),
        strict=True,
    )
    return [
        {
            "uri": uri,
            "kind": KIND_NAMES[kind],
            "name": name,
            "distance": distance,
            "severity": SEVERITIES[severity],
            "effect": Effect(effect).word,
            "certainty": CERTAINTY[certain],
            "owners": owners,
            "team": team,
            "change": parts.causes[cause].change,
            "path": list(islice(uris, len(path))),
        }
        for uri, (name, owners), kind, path, team, distance, severity, effect, certain, cause in rows
    ]


def _by_team(parts: AnswerParts, uris: Sequence[str], number: NDArray[np.int32]) -> list[dict[str, Any]]:
    """Return the teams of the affected assets, that with the worst effect first; the assets without a team last."""
    affected = parts.affected
    found: list[tuple[tuple[bool, bool, int, int, str], dict[str, Any]]] = []
    for team in (*range(len(uris)), NO_TEAM):
        own = number == team
        if not own.any():
            continue
        uri, total = uris[team] if team != NO_TEAM else None, int(own.sum())
        first = int(np.flatnonzero(own)[0])  # the worst ones come first
        worst, is_certain = Effect(int(affected.effects[first])), bool(affected.certain[first])
        body = {
            "team": uri,
            "name": None,
            "handle": None,
            "total": total,
            "worst": worst.word,
            "certainty": CERTAINTY[is_certain],
            **_counts(affected, own),
        }
        found.append(((uri is None, not is_certain, int(worst), -total, uri or ""), body))
    teams = [body for _, body in sorted(found, key=lambda each: each[0])]
    _name_teams(parts, teams)
    return teams


def _name_teams(parts: AnswerParts, teams: Sequence[dict[str, Any]]) -> None:
    """Set the name of each team, and its handle: the property `handle` of the team."""
    index = parts.graph.asset_index
    numbers = {each["team"]: index.number(each["team"]) for each in teams if each["team"] is not None}
    states: dict[int, list[Any]] = {}
    for record in records_of(parts.reader, {number for number in numbers.values() if number is not None}):
        states.setdefault(record.asset, []).append(record)
    for each in teams:
        uri = each["team"]
        number = numbers.get(uri)
        if uri is None:
            continue
        each["name"] = index.name(number) if number is not None else AssetUri.parse(uri).name
        state = state_at(asset_intervals(states.get(number or 0, [])), parts.moment) or {}
        handle = state.get("properties", {}).get("handle")
        if isinstance(handle, str) and _HANDLE.fullmatch(handle):
            each["handle"] = handle if handle.startswith("@") else f"@{handle}"


def _workflows(graph: GraphVersion, affected: AffectedAssets) -> list[str]:
    """Return the affected workflows and runs to run again, nearest first, then by URI."""
    kinds = graph.asset_index.kinds(affected.assets)
    chosen = np.flatnonzero(np.isin(kinds, (WORKFLOW, RUN)))
    order = graph.asset_index.sort(affected.assets[chosen], affected.distances[chosen])
    return graph.asset_index.uris(affected.assets[chosen][order])
