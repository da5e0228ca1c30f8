"""Export: what stands in the store, as lines, in one order."""

from __future__ import annotations

import json
from typing import Any

from mlgraph.services import export
from mlgraph.services.identity import LOCAL
from tests.services.parts import Json, Serving, Store, schema_url

AT = "2026-01-01T00:00:00Z"


def lines(*documents: Json) -> list[bytes]:
    return [json.dumps(document).encode() for document in documents]


def dataset(named: str, /, **said: Any) -> Json:
    return {"asset": {"uri": f"mlg://dataset/n/{named}", "valid_from": AT, "origin": "facts", **said}}


def test_assets_then_edges_then_retractions_bytewise(serving: Serving) -> None:
    told = lines(
        {"retract": {"uri": "mlg://dataset/n/b", "valid_to": "2026-01-03T00:00:00Z"}},
        {"edge": {"source": "mlg://dataset/n/b", "relation": "derives", "target": "mlg://dataset/n/a", "valid_from": AT}},
        dataset("b"), dataset("a"), dataset("B"), dataset("a", valid_from="2026-01-02T00:00:00Z", name="later"),
        dataset("a", origin="dbt"),
    )  # fmt: skip
    serving.intake.facts(iter(told), LOCAL)
    exported = [json.loads(line) for line in serving.export()]
    keys = [next(iter(line)) for line in exported]
    assert keys == ["asset"] * 5 + ["edge", "retract"]
    assert [(line["asset"]["uri"][-1], line["asset"]["origin"], line["asset"]["valid_from"][:10]) for line in exported[:5]] == [
        ("B", "facts", "2026-01-01"), ("a", "dbt", "2026-01-01"), ("a", "facts", "2026-01-01"), ("a", "facts", "2026-01-02"),
        ("b", "facts", "2026-01-01"),
    ]  # fmt: skip
    assert exported[5]["edge"]["valid_to"] == "2026-01-03T00:00:00Z"
    assert all(line.endswith(b"\n") for line in serving.export())


def test_chunks_and_spools_change_nothing(serving: Serving, monkeypatch: Any) -> None:
    told = lines(*(dataset(f"{number}") for number in range(20)), *(
        {"edge": {"source": f"mlg://dataset/n/{number}", "relation": "derives", "target": "mlg://dataset/n/x", "valid_from": AT}}
        for number in range(20)
    ))  # fmt: skip
    serving.intake.facts(iter(told), LOCAL)
    whole = serving.export()
    assert len(list(whole)) == 40  # x is referenced only
    monkeypatch.setattr(export, "_CHUNK", 3)
    monkeypatch.setattr(export, "_SPOOL_BYTES", 100)
    assert serving.export() == whole


def test_what_was_recorded_when_does_not_matter(serving: Serving, postgres_url: str) -> None:
    told = lines(dataset("a"), dataset("b", name="n", tags=["y", "x"], properties={"z": 1, "a": [None, {"q": 1.5}]}))
    other = Store(schema_url(postgres_url))
    elsewhere = Serving(other)
    serving.intake.facts(iter(told), LOCAL)
    for line in told[::-1]:
        elsewhere.intake.facts(iter([line]), LOCAL)
    assert elsewhere.export() == serving.export()
    other.close()


def test_people_travel_with_name_and_mail(serving: Serving, postgres_url: str) -> None:
    person = {"uri": "mlg://person/acme/u-1", "name": "Ann Example", "properties": {"mail": "ann@example.org", "desk": 4}}
    serving.intake.facts(iter(lines({"asset": {**person, "valid_from": AT}})), LOCAL)
    (line,) = serving.export()
    assert json.loads(line)["asset"]["properties"] == {"desk": 4, "mail": "ann@example.org"}
    other = Store(schema_url(postgres_url))
    elsewhere = Serving(other)
    elsewhere.intake.facts(iter([line]), LOCAL)
    assert elsewhere.export() == [line]
    other.close()
