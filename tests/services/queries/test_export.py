"""Export: the facts of the store as lines in a canonical order."""

from __future__ import annotations

import json
from typing import Any

from mlgraph.services.common.identity import LOCAL
from mlgraph.services.queries import export
from tests.services.parts import Json, Serving, Store, schema_url

AT = "2026-01-01T00:00:00Z"


def lines(*documents: Json) -> list[bytes]:
    return [json.dumps(document).encode() for document in documents]


def dataset(named: str, /, **reported: Any) -> Json:
    return {"asset": {"uri": f"mlg://dataset/n/{named}", "valid_from": AT, "origin": "facts", **reported}}


def test_assets_then_edges_then_retractions_bytewise(serving: Serving) -> None:
    answered = lines(
        {"retract": {"uri": "mlg://dataset/n/b", "valid_to": "2026-01-03T00:00:00Z"}},
        {"edge": {"source": "mlg://dataset/n/b", "relation": "derives", "target": "mlg://dataset/n/a", "valid_from": AT}},
        dataset("b"),
        dataset("a"),
        dataset("B"),
        dataset("a", valid_from="2026-01-02T00:00:00Z", name="later"),
        dataset("a", origin="dbt"),
    )
    serving.intake.facts(iter(answered), LOCAL)
    exported = [json.loads(line) for line in serving.export()]
    keys = [next(iter(line)) for line in exported]
    assert keys == ["asset"] * 5 + ["edge", "retract"]
    assert [(line["asset"]["uri"][-1], line["asset"]["origin"], line["asset"]["valid_from"][:10]) for line in exported[:5]] == [
        ("B", "facts", "2026-01-01"),
        ("a", "dbt", "2026-01-01"),
        ("a", "facts", "2026-01-01"),
        ("a", "facts", "2026-01-02"),
        ("b", "facts", "2026-01-01"),
    ]
    assert exported[5]["edge"]["valid_to"] == "2026-01-03T00:00:00Z"
    assert all(line.endswith(b"\n") for line in serving.export())


def test_chunk_and_spool_sizes_do_not_change_the_export(serving: Serving, monkeypatch: Any) -> None:
    answered = lines(
        *(dataset(f"{number}") for number in range(20)),
        *(
            {
                "edge": {
                    "source": f"mlg://dataset/n/{number}",
                    "relation": "derives",
                    "target": "mlg://dataset/n/x",
                    "valid_from": AT,
                }
            }
            for number in range(20)
        ),
    )
    serving.intake.facts(iter(answered), LOCAL)
    complete = serving.export()
    assert len(list(complete)) == 40  # x is referenced only
    monkeypatch.setattr(export, "_CHUNK", 3)
    monkeypatch.setattr(export, "_SPOOL_BYTES", 100)
    assert serving.export() == complete


def test_the_order_of_recording_does_not_change_the_export(serving: Serving, postgres_url: str) -> None:
    answered = lines(dataset("a"), dataset("b", name="n", tags=["y", "x"], properties={"z": 1, "a": [None, {"q": 1.5}]}))
    other = Store(schema_url(postgres_url))
    elsewhere = Serving(other)
    serving.intake.facts(iter(answered), LOCAL)
    for line in answered[::-1]:
        elsewhere.intake.facts(iter([line]), LOCAL)
    assert elsewhere.export() == serving.export()
    other.close()


def test_an_exported_person_has_name_and_mail(serving: Serving, postgres_url: str) -> None:
    person = {"uri": "mlg://person/acme/u-1", "name": "Ann Example", "properties": {"mail": "ann@example.org", "desk": 4}}
    serving.intake.facts(iter(lines({"asset": {**person, "valid_from": AT}})), LOCAL)
    (line,) = serving.export()
    assert json.loads(line)["asset"]["properties"] == {"desk": 4, "mail": "ann@example.org"}
    other = Store(schema_url(postgres_url))
    elsewhere = Serving(other)
    elsewhere.intake.facts(iter([line]), LOCAL)
    assert elsewhere.export() == [line]
    other.close()


def job(day: int, *, inputs: list[str] | None = None, columns: bool | None = None, run: str | None = None) -> bytes:
    """Return an event of the job w: a JobEvent, or with `run` a COMPLETE; `columns` None: no output."""
    lineage = {"columnLineage": {"fields": {"c": {"inputFields": [{"namespace": "n", "name": "i", "field": "c"}]}}}}
    event: Json = {"eventTime": f"2026-01-{day:02}T00:00:00Z", "job": {"namespace": "n", "name": "w"}}
    if inputs is not None:
        event["inputs"] = [{"namespace": "n", "name": name} for name in inputs]
    if columns is not None:
        event["outputs"] = [{"namespace": "n", "name": "o", "facets": lineage if columns else {}}]
    return json.dumps({**event, **({"eventType": "COMPLETE", "run": {"runId": run}} if run else {})}).encode()


def imported(serving: Serving, postgres_url: str) -> Serving:
    elsewhere = Serving(Store(schema_url(postgres_url)))
    answer = elsewhere.intake.facts(iter(serving.export()), LOCAL)
    assert answer["rejected"] == []
    assert elsewhere.export() == serving.export()
    serving.follow()
    elsewhere.follow()
    return elsewhere


def reached(serving: Serving, uri: str, **query: Any) -> dict[str, str]:
    return {node["uri"]: node["certainty"] for node in serving.lineage(uri, **query)["nodes"]}


def test_a_column_edge_omitted_from_a_declaration_remains_for_its_run(serving: Serving, postgres_url: str) -> None:
    for event in (job(1, inputs=["i"], columns=True), job(2, inputs=["i"], columns=True, run="r"), job(3, columns=False)):
        serving.intake.ingest("openlineage", event, LOCAL)
    elsewhere = imported(serving, postgres_url)
    column = "mlg://column/n/i%23c"
    assert reached(serving, column, level="run")["mlg://column/n/o%23c"] == "certain"
    for level in ("run", "asset"):
        assert reached(elsewhere, column, level=level) == reached(serving, column, level=level)
    elsewhere.store.close()


def test_the_run_level_retains_columns_that_were_retracted(serving: Serving, postgres_url: str) -> None:
    serving.intake.ingest("openlineage", job(2, inputs=["i"], columns=True, run="r"), LOCAL)
    serving.intake.facts(
        iter(lines({"retract": {"uri": "mlg://column/n/o%23c", "valid_to": "2026-01-04T00:00:00Z", "origin": "*"}})), LOCAL
    )
    elsewhere = imported(serving, postgres_url)
    column = "mlg://column/n/i%23c"
    assert "mlg://column/n/o%23c" in reached(serving, column, level="run")
    assert reached(elsewhere, column, level="run") == reached(serving, column, level="run")
    elsewhere.store.close()


def test_another_role_of_an_edge_survives_a_declaration_that_omits_the_edge(serving: Serving, postgres_url: str) -> None:
    reads = {"source": "mlg://dataset/n/i", "relation": "input_to", "target": "mlg://workflow/n/w"}
    serving.intake.ingest("openlineage", job(1, inputs=["i"]), LOCAL)
    test = {**reads, "properties": {"role": "test"}, "valid_from": "2026-01-01T12:00:00Z", "origin": "openlineage"}
    serving.intake.facts(iter(lines({"edge": test})), LOCAL)
    serving.intake.ingest("openlineage", job(2, inputs=[]), LOCAL)
    elsewhere = imported(serving, postgres_url)
    assert reached(serving, reads["source"]) == reached(elsewhere, reads["source"])
    assert reads["target"] in reached(elsewhere, reads["source"])
    elsewhere.store.close()
