"""The company as its tools report it: facts as NDJSON, and the runs of workflows as OpenLineage events.

Lines of facts are formatted as text: encoding one object a line would take longer than the ingestion that is measured.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import orjson

from benchmarks.company import NOW_US, RUN_INPUTS, SECOND_US, Company, Edges
from benchmarks.edge_generator import ROLES
from benchmarks.layout import Ints, Longs
from benchmarks.reachability import CompressedRows
from mlgraph.domain.timestamps import FOREVER, format_time
from mlgraph.domain.vocabulary import KINDS, RELATION_NAMES, RELATIONS

CHUNK_LINES: Final = 20_000
BLOCK: Final = 50
"""Number of consecutive facts of one domain."""
_RUN: Final = KINDS["run"].code
_PRODUCER: Final = "https://github.com/OpenLineage/OpenLineage/tree/1.40.0/client/python"
_SPEC: Final = "https://openlineage.io/spec"
_FIELDS: Final = (("id", "bigint"), ("customer_id", "bigint"), ("happened_at", "timestamp"), ("amount", "double"))


def arrival(rng: np.random.Generator, many: int) -> Longs:
    """Return an arrival order of `many` facts: blocks of adjacent facts, shuffled over the complete company."""
    blocks = rng.permutation((many + BLOCK - 1) // BLOCK).astype(np.int64)
    order = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    return order[order < many]


def rfc3339(moments: Longs) -> list[str]:
    """Return times (microseconds, multiples of a second) as RFC 3339 in UTC."""
    texts: list[str] = np.datetime_as_string(moments.astype("datetime64[us]"), unit="s", timezone="UTC").tolist()
    return texts


def asset_order(company: Company) -> Longs:
    """Return the nodes in the order in which their facts arrive."""
    return arrival(np.random.default_rng([company.seed, 1]), company.layout.nodes)


def edge_order(company: Company) -> Longs:
    """Return the arrival order of the edges: positions in the asset-level edges followed by the runs' edges."""
    return arrival(np.random.default_rng([company.seed, 2]), len(company.edges) + len(company.run_edges))


def edges_at(company: Company, rows: Longs) -> Edges:
    """Return the edges at these positions of `edge_order`."""
    asset_level = rows < len(company.edges)
    left, right = company.edges.take(rows[asset_level]), company.run_edges.take(rows[~asset_level] - len(company.edges))
    back = np.argsort(np.concatenate([np.flatnonzero(asset_level), np.flatnonzero(~asset_level)]), kind="stable")
    columns = ("source", "relation", "target", "valid_from", "valid_to", "role")
    return Edges(*(np.concatenate([getattr(left, name), getattr(right, name)])[back] for name in columns))


def states(company: Company, nodes: Longs) -> list[str]:
    """Return the state of each node (without URI and time) as canonical JSON."""
    layout = company.layout
    runs = np.searchsorted(company.runs.run, nodes)
    return [
        _run_state(company, run, name, team)
        if kind == _RUN
        else f'{{"name":"{name}","owners":["{team}"],"tags":["{"pii" if node % 10 == 0 else "gold"}"]}}'
        if node % 5 == 0
        else f'{{"name":"{name}","owners":["{team}"]}}'
        for node, run, kind, name, team in zip(
            nodes.tolist(),
            runs.tolist(),
            company.kinds[nodes].tolist(),
            layout.names(nodes),
            layout.teams(layout.domain_of(nodes)),
            strict=True,
        )
    ]


def _run_state(company: Company, row: int, name: str, team: str) -> str:
    runs = company.runs
    state = "COMPLETE" if runs.complete[row] else "FAIL"
    ended = format_time(int(runs.ended_at[row]))
    properties = f'{{"code_version":"v{runs.code_version[row]}","ended_at":"{ended}","state":"{state}"}}'
    return f'{{"name":"{name}","owners":["{team}"],"properties":{properties}}}'


def fact_chunks(company: Company) -> Iterator[tuple[int, bytes]]:
    """Yield the facts as NDJSON, in pieces of complete lines, each with its number of lines.

    Teams come first, then assets and edges mixed, as from many concurrent sources.
    """
    teams = company.layout.teams(np.arange(company.layout.domains))
    since = format_time(int(company.known_since.min()))
    lines = [f'{{"asset":{{"uri":"{team}","name":"Team {number}","valid_from":"{since}"}}}}' for number, team in enumerate(teams)]
    yield len(lines), _text(lines)
    assets, edges = asset_order(company), edge_order(company)
    pieces = max(1, (len(assets) + len(edges)) // CHUNK_LINES)
    for number in range(pieces):
        reported = asset_lines(company, assets[len(assets) * number // pieces : len(assets) * (number + 1) // pieces])
        reported += edge_lines(company, edges[len(edges) * number // pieces : len(edges) * (number + 1) // pieces])
        yield len(reported), _text(reported)


def asset_lines(company: Company, nodes: Longs) -> list[str]:
    """Return the fact of each node."""
    uris, since = company.layout.uris(nodes), rfc3339(company.known_since[nodes])
    rows = zip(uris, since, states(company, nodes), strict=True)
    return [f'{{"asset":{{"uri":"{uri}","valid_from":"{moment}",{state[1:]}}}' for uri, moment, state in rows]


def edge_lines(company: Company, rows: Longs) -> list[str]:
    """Return the fact of each edge at these positions of `edge_order`."""
    edges = edges_at(company, rows)
    ends = company.layout.uris(edges.source), company.layout.uris(edges.target)
    closed = edges.valid_to != FOREVER
    until = rfc3339(np.where(closed, edges.valid_to, 0))
    columns = zip(
        ends[0],
        edges.relation.tolist(),
        ends[1],
        rfc3339(edges.valid_from),
        closed.tolist(),
        until,
        edges.role.tolist(),
        strict=True,
    )
    return [
        f'{{"edge":{{"source":"{source}","relation":"{RELATION_NAMES[relation]}","target":"{target}","valid_from":"{start}"'
        + (f',"valid_to":"{end}"' if ended else "")
        + (f',"properties":{{"role":"{ROLES[role]}"}}}}}}' if role else "}}")
        for source, relation, target, start, ended, end, role in columns
    ]


def _text(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode() if lines else b""


def openlineage_lines(company: Company, events: int) -> Iterator[bytes]:
    """Yield `events` OpenLineage events, a line each: START and COMPLETE of runs of workflows between datasets.

    They report only edges that facts declare, at a later time, so that no closure changes.
    """
    rng = np.random.default_rng([company.seed, 3])
    jobs = _Jobs(company)
    for number in range(events // 2):
        workflow = int(rng.choice(jobs.workflows))
        run_id = str(uuid.UUID(bytes=rng.bytes(16), version=4))
        started_at = NOW_US + number * SECOND_US
        yield orjson.dumps(jobs.event(workflow, run_id, "START", started_at)) + b"\n"
        yield orjson.dumps(jobs.event(workflow, run_id, "COMPLETE", started_at + 60 * SECOND_US)) + b"\n"


class _Jobs:
    """Workflows between datasets whose edges all stay open, and their events."""

    def __init__(self, company: Company) -> None:
        edges, layout = company.edges, company.layout
        self._layout = layout
        every = np.ones(len(edges), np.bool_)
        self._reads = CompressedRows.of(layout.nodes, edges.target, edges.source, every)
        self._writes = CompressedRows.of(layout.nodes, edges.source, edges.target, every)
        etl = layout.nodes_of("etl")
        closing = np.zeros(layout.nodes, np.bool_)
        ends = edges.valid_to != FOREVER
        closing[edges.target[ends & (edges.relation == RELATIONS["input_to"].code)]] = True
        closing[edges.source[ends & (edges.relation == RELATIONS["outputs"].code)]] = True
        degree = np.diff(self._writes.indptr)
        self.workflows = etl[~closing[etl] & (degree[etl] > 0)]

    def event(self, workflow: int, run_id: str, state: str, moment: int) -> dict[str, Any]:
        """Return the event of a run of `workflow`."""
        namespace, name = self._names(np.array([workflow]))[0]
        reads = self._reads.to[self._reads.indptr[workflow] : self._reads.indptr[workflow + 1]][:RUN_INPUTS]
        writes = self._writes.to[self._writes.indptr[workflow] : self._writes.indptr[workflow + 1]]
        nominal = _facet(
            "NominalTimeRunFacet", "1-0-1", nominalStartTime=format_time(moment // (3600 * SECOND_US) * 3600 * SECOND_US)
        )
        engine = _facet("ProcessingEngineRunFacet", "1-1-1", version="3.5.1", name="spark", openlineageAdapterVersion="1.40.0")
        return {
            "eventType": state,
            "eventTime": format_time(moment),
            "producer": _PRODUCER,
            "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": run_id, "facets": {"nominalTime": nominal, "processing_engine": engine}},
            "job": {"namespace": namespace, "name": name, "facets": {}},
            "inputs": [self._dataset(*names) for names in self._names(reads)],
            "outputs": [self._dataset(*names) for names in self._names(writes)],
        }

    def _dataset(self, namespace: str, name: str) -> dict[str, Any]:
        fields = [{"name": field, "type": kind} for field, kind in _FIELDS]
        schema = _facet("SchemaDatasetFacet", "1-1-1", fields=fields)
        return {"namespace": namespace, "name": name, "facets": {"schema": schema}}

    def _names(self, nodes: Ints) -> list[tuple[str, str]]:
        parts = [uri.split("/", 4)[3:] for uri in self._layout.uris(nodes)]
        return [(unescape(namespace), unescape(name)) for namespace, name in parts]


def unescape(part: str) -> str:
    """Return the decoded form of a part of a URI of the company."""
    return part.replace("%3A", ":").replace("%2F", "/")


def _facet(facet: str, of: str, **message: object) -> dict[str, Any]:
    return {"_producer": _PRODUCER, "_schemaURL": f"{_SPEC}/facets/{of}/{facet}.json#/$defs/{facet}", **message}
