"""Run results: runs of nodes, and what tests found."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from mlgraph.connectors.dbt.manifest import MADE, Manifest
from mlgraph.connectors.dbt.project_names import ProjectNames, checked_uri
from mlgraph.connectors.dbt.statements import asset, clean_members, edge
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.dbt_nodes import command_run, node_run
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize_text
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri

RUNNING: Final = ("run", "build", "seed", "snapshot", "test")
"""The commands whose results are runs: `dbt docs generate` writes the status success of nodes that it did not run."""
_STATES: Final = {"success": "COMPLETE", "partial success": "FAIL", "error": "FAIL", "fail": "FAIL", "skipped": "ABORT"}
_FOUND: Final = {"pass": True, "warn": False, "fail": False, "error": False, "runtime error": False}
"""Whether a test passed, by its status; those that did not run are left out."""
_MAX_MESSAGE: Final = 2000


def is_run(results: Located) -> bool:
    """Return whether the results are those of a command that runs nodes."""
    return results.need("args").need("which").text() in RUNNING


def run_statements(results: Located, names: ProjectNames, manifest: Manifest | None) -> list[Statement]:
    """Return the statements about the runs of one command, and, with the manifest, about what its tests found."""
    metadata = results.need("metadata")
    ended = metadata.need("generated_at").reported_time()
    invocation_id = metadata.need("invocation_id")
    command = checked_uri(invocation_id, lambda: command_run(invocation_id.name()))
    found: list[Statement] = []
    tests: dict[str, Located] = {}
    failed = False
    for result in results.need("results").items():
        unique_id, status = result.need("unique_id"), result.need("status").text()
        failed = failed or status in ("error", "fail", "runtime error", "partial success")
        kind = unique_id.name().partition(".")[0]
        if kind in ("test", "unit_test"):
            tests[unique_id.value] = result
        elif kind in MADE and status in _STATES:
            found += _run(result, names, command, ended)
    started = metadata.typed("invocation_started_at", str)
    properties = {"state": "FAIL" if failed else "COMPLETE", "ended_at": format_time(ended)}
    if started is not None and (moment := started.attempt(Located.reported_time)) is not None:
        properties["started_at"] = format_time(moment)
    found.append(asset(command, ended, {"properties": properties | clean_members(results.need("args"), ("which",))}))
    if names.project is not None:
        found.append(edge(command, "run_of", names.invocation(metadata), ended, {"state": properties["state"]}))
    if manifest is None:
        for result in tests.values():
            result.leave_out("a test names its table only in the manifest: send both with `mlgraph connect`")
        return found
    return [*found, *_assertions(tests, manifest, ended)]


def _run(result: Located, names: ProjectNames, command: AssetUri, generated_at: int) -> list[Statement]:
    unique_id = result.need("unique_id")
    run = checked_uri(unique_id, lambda: node_run(command.name, unique_id.name()))
    status = result.need("status").text()
    started, ended = _times(result, generated_at)
    properties: dict[str, Any] = {"state": _STATES[status], "status": status, "ended_at": format_time(ended)}
    if started is not None:
        properties["started_at"] = format_time(started)
    message = result.typed("message", str)
    if message is not None and message.value and properties["state"] != "COMPLETE":
        properties["message"] = sanitize_text(message)[:_MAX_MESSAGE]
    response = result.typed("adapter_response", dict)
    properties |= clean_members(response, ("rows_affected", "bytes_processed")) if response is not None else {}
    return [
        asset(run, ended, {"properties": properties}),
        edge(run, "run_of", names.workflow(unique_id.value, unique_id), ended, {"state": properties["state"]}),
        edge(run, "part_of", command, ended),
    ]


def _times(result: Located, generated_at: int) -> tuple[int | None, int]:
    """Return when the last step of a result started and when it ended; a node that did not run has none."""
    steps = []
    for step in result.objects("timing") or ():
        moments = [
            moment.attempt(Located.reported_time) if (moment := step.typed(key, str)) is not None else None
            for key in ("started_at", "completed_at")
        ]
        if moments[0] is not None and moments[1] is not None:
            steps.append((moments[0], moments[1]))
    return (min(start for start, _ in steps), max(end for _, end in steps)) if steps else (None, generated_at)


def _assertions(tests: dict[str, Located], manifest: Manifest, at: int) -> list[Statement]:
    """Return what tests found on each table, all tests of a table together."""
    found: dict[AssetUri, list[dict[str, Any]]] = defaultdict(list)
    for unique_id, result in sorted(tests.items()):
        test = manifest.members.get(unique_id)
        status = result.need("status").text()
        if test is None or not isinstance(test.value, dict) or status not in _FOUND:
            continue
        assertion = _assertion(unique_id, test, result, status)
        for table in _tested(test, manifest):
            found[table].append(assertion)
    return [asset(table, at, {"properties": {"quality": {"assertions": listed}}}) for table, listed in sorted(found.items())]


def _tested(test: Located, manifest: Manifest) -> list[AssetUri]:
    attached = test.typed("attached_node", str)
    if attached is not None and attached.value in manifest.tables:
        return [manifest.tables[attached.value][0]]
    return manifest.inputs(test)


def _assertion(unique_id: str, test: Located, result: Located, status: str) -> dict[str, Any]:
    metadata, column = test.typed("test_metadata", dict), test.typed("column_name", str)
    kind = metadata.typed("name", str) if metadata is not None else None
    config = test.typed("config", dict)
    severity = config.typed("severity", str) if config is not None else None
    read: dict[str, Any] = {
        "assertion": kind.text() if kind is not None else unique_id.split(".")[2 if unique_id.count(".") > 1 else -1],
        "name": unique_id,
        "success": _FOUND[status],
        "severity": "warn" if status == "warn" else (severity.text().lower() if severity is not None else "error"),
        "expected": "0 failures",
    }
    if column is not None:
        read["column"] = column.text()
    failures = result.typed("failures", int)
    if failures is not None:
        read["actual"] = f"{failures.value} failures"
    return read
