"""No secret that was sent is in any answer, log, dead letter or backup, by whatever door and in whatever shape it came."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx

from tests.contract.serving import Api, Json, Names, Process, asset, edge
from tests.domain.secret_shapes import MARK, SECRET_SHAPES
from tests.domain.test_redaction import planted

SECRET: Final = "Tr0ub4dor-9x"  # noqa: S105 - planted by this test
AT: Final = "2026-01-01T00:00:00Z"


def event(names: Names, job: str, **facets: Any) -> Json:
    """An OpenLineage event whose run, job and dataset all have these facets."""
    return {
        "eventTime": AT,
        "eventType": "COMPLETE",
        "run": {"runId": job, "facets": facets},
        "job": {"namespace": names.space, "name": job, "facets": {**facets, "documentation": {"description": f"pwd={SECRET}"}}},
        "inputs": [{"namespace": names.store, "name": f"in-{job}", "facets": facets}],
        "outputs": [{"namespace": names.store, "name": f"events/token={job}", "facets": facets}],
    }


def bodies(names: Names) -> list[tuple[str, str, Json]]:
    """Calls with their media types and bodies; each contains the secret."""
    shapes = [planted(shape, SECRET) for shape in SECRET_SHAPES if "Basic" not in str(shape)]
    lists = {"configs": [f"database.password={SECRET}", "database.user=cdc"], "args": ["--password", SECRET]}
    sql = {"query": f"CREATE USER cdc IDENTIFIED BY '{SECRET}'"}
    error = {"message": f"cannot connect to postgres://cdc:{SECRET}@pg/shop", "programmingLanguage": "Java"}
    tags = {"tags": [{"key": "DB_PASSWORD", "value": SECRET}, {"key": f"password={SECRET}", "value": "true"}]}
    facts = [
        asset(names.dataset("a"), AT, description=f"token: {SECRET}", tags=[f"password:{SECRET}"], properties={"shapes": shapes}),
        edge(names.dataset("a"), "derives", names.dataset("b"), AT, properties={"note": f"api_key={SECRET}"}),
    ]
    events = [
        event(names, "lists", debezium_config=lists),
        event(names, "texts", sql=sql, errorMessage=error, tags=tags),
        event(names, "shapes", shapes={"all": shapes}),
    ]
    cloudevent = {"specversion": "1.0", "source": "/s", "extension": f"password={SECRET}"}
    found = [("lineage", "application/json", each) for each in events]
    found += [("facts", "application/x-ndjson", each) for each in facts]
    data = {"id": "1", "type": "io.openlineage.RunEvent", "data": event(names, "cloud", x=lists)}
    found.append(("events", "application/cloudevents+json", {**cloudevent, **data}))
    more = {"id": "2", "type": "io.mlgraph.fact", "data": asset(names.dataset("c"), AT, description=f"secret={SECRET}")}
    found.append(("events", "application/cloudevents+json", {**cloudevent, **more}))
    return found


def unpacked(backup: bytes) -> bytes:
    """All files of a backup."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(backup))) as archive:
        return b"".join(file.read() for member in archive if (file := archive.extractfile(member)) is not None)


def test_a_secret_that_was_sent_is_nowhere(start: Callable[..., Process], names: Names, tmp_path: Path) -> None:
    process = start("--data", str(tmp_path / "data"), "--log-level", "debug")
    api = Api(process.url)

    def sent() -> list[httpx.Response]:
        answers = []
        for call, media, body in bodies(names):
            answers.append(api.http.post(f"/api/v1/{call}", content=json.dumps(body), headers={"Content-Type": media}))
            assert answers[-1].status_code in (200, 201, 202), answers[-1].text
            api.written = max(api.written, answers[-1].json()["watermark"])
        return answers

    first, again = sent(), sent()
    assert all(answer.json().get("rejected", []) == [] for answer in first)
    assert [answer.json()["duplicates"] for answer in again if answer.status_code != 201] == [1, 1, 1, 1], "a repeat stays one"
    assert len({answer.json()["watermark"] for answer in again}) == 1
    refused = [
        api.http.post("/api/v1/lineage", content=json.dumps({"eventTime": f"password={SECRET}", "run": {}})),
        api.http.post("/api/v1/facts", content=json.dumps({"asset": {"uri": "mlg://x", "description": f"password={SECRET}"}})),
    ]
    exported = api.export()
    uris = [json.loads(line).get("asset", {}).get("uri") for line in exported.splitlines()]
    shown = [api.get(call, uri=uri) for uri in uris if uri for call in ("asset", "lineage", "impact")]
    shown += [api.get("why", source=names.dataset("a"), relation="derives", target=names.dataset("b"))]
    shown += [api.get(call) for call in ("dead-letters", "sources", "live", "connectors")]
    assert all(answer.status_code == 200 for answer in shown)
    metrics, backup = api.http.get("/metrics").content, api.http.get("/api/v1/backup").content
    api.close()
    assert process.stop() == 0
    everything = {
        "export": exported,
        "answers": b"".join(answer.content for answer in [*first, *again, *shown]),
        "refusals": b"".join(answer.content for answer in refused),
        "metrics": metrics,
        "backup": unpacked(backup),
        "logs": "".join(process.output).encode(),
        "base files": b"".join(path.read_bytes() for path in (tmp_path / "data" / "snapshots").rglob("*") if path.is_file()),
    }
    assert {where: content.count(SECRET.encode()) for where, content in everything.items() if SECRET.encode() in content} == {}
    assert len(everything["backup"]) > 10_000
    assert exported.count(b"[redacted]") > len(SECRET_SHAPES)
    assert b"events%2Ftoken%3Dtexts" in exported, "names are left alone"
    assert MARK.encode() not in exported
