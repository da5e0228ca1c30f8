"""Answers about a name that several assets claim (docs/spec.md#11-ambiguous-names): two tools, two folders, one symlink."""

from __future__ import annotations

import json

import pytest

from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.services.common.identity import LOCAL
from tests.services.parts import Json, Serving

NAME = "mlg://dataset/arn%3Aaws%3Aglue%3Aeu-west-1%3A1/table%2Flake%2Forders"
FLINK, SPARK = "mlg://dataset/s3%3A%2F%2Flake/flink%2Forders", "mlg://dataset/s3%3A%2F%2Flake/spark%2Forders"
TOPIC, REPORT = "mlg://dataset/kafka%3A%2F%2Fk%3A9092/orders", "mlg://dataset/s3%3A%2F%2Flake/report"
INGEST, READ = "mlg://workflow/jobs/ingest", "mlg://workflow/jobs/read"
BOTH = [FLINK, SPARK]
BEFORE, AFTER, DECIDED = (f"2026-03-01T0{hour}:30:00Z" for hour in (1, 2, 3))


def table(folder: str) -> Json:
    symlink = {"namespace": "arn:aws:glue:eu-west-1:1", "name": "table/lake/orders", "type": "TABLE"}
    fields = [{"name": "id", "type": "int"}, {"name": "total", "type": "int"}]
    facets = {"symlinks": {"identifiers": [symlink]}, "schema": {"fields": fields}}
    return {"namespace": "s3://lake", "name": f"{folder}/orders", "facets": facets}


def run(job: str, hour: int, source: Json, output: Json) -> bytes:
    event = {
        "eventType": "COMPLETE",
        "eventTime": f"2026-03-01T0{hour}:00:00Z",
        "run": {"runId": f"0190a000-0000-7000-8000-00000000000{hour}"},
        "job": {"namespace": "jobs", "name": job},
        "inputs": [source],
        "outputs": [output],
    }
    return json.dumps(event).encode()


EVENTS = (
    run("ingest", 1, {"namespace": "kafka://k:9092", "name": "orders"}, table("flink")),
    run("read", 2, table("spark"), {"namespace": "s3://lake", "name": "report"}),
)


def serve(serving: Serving, *lines: Json) -> None:
    for event in EVENTS:
        serving.intake.ingest("openlineage", event, LOCAL)
    facts(serving, *lines)


def facts(serving: Serving, *lines: Json) -> None:
    for line in lines:
        assert serving.intake.facts(iter([json.dumps(line).encode()]), LOCAL)["rejected"] == []
    serving.follow()


def decision(asset: str, word: str, hour: int = 3) -> Json:
    edge = {"source": NAME, "relation": "alias_of", "target": asset, "valid_from": f"2026-03-01T0{hour}:00:00Z"}
    return {"edge": {**edge, "properties": {"decision": word}}}


def nodes(answer: Json) -> dict[str, tuple[int, str]]:
    return {node["uri"]: (node["distance"], node["certainty"]) for node in answer["nodes"]}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_writer_and_reader_are_answered_in_either_order_of_events(serving: Serving, order: tuple[int, ...]) -> None:
    for number in order:
        serving.intake.ingest("openlineage", EVENTS[number], LOCAL)
        serving.follow()
    answer = serving.lineage(NAME, direction="both")
    assert answer["ambiguous"] == BOTH
    assert nodes(answer) == {
        NAME: (0, "certain"),
        FLINK: (1, "possible"),
        SPARK: (1, "possible"),
        INGEST: (2, "possible"),
        READ: (2, "possible"),
        TOPIC: (3, "possible"),
        REPORT: (3, "possible"),
    }
    claims = [edge for edge in answer["edges"] if edge["relation"] == "alias_of"]
    claim = {"source": NAME, "relation": "alias_of", "origins": ["openlineage"], "certainty": "possible"}
    assert claims == [{**claim, "target": folder} for folder in BOTH]
    downstream = serving.lineage(TOPIC)
    assert downstream["ambiguous"] == []
    assert nodes(downstream) == {
        TOPIC: (0, "certain"),
        INGEST: (1, "certain"),
        FLINK: (2, "certain"),
        SPARK: (3, "possible"),
        READ: (4, "possible"),
        REPORT: (5, "possible"),
    }
    assert nodes(serving.lineage(TOPIC, certain=True)).keys() == {TOPIC, INGEST, FLINK}
    assert nodes(serving.lineage(TOPIC, depth=3)).keys() == {TOPIC, INGEST, FLINK, SPARK}
    runs = nodes(serving.lineage(NAME, direction="both", level="run"))
    assert {uri for uri in runs if uri.startswith("mlg://run/")} == {
        f"mlg://run/jobs/0190a000-0000-7000-8000-00000000000{hour}" for hour in (1, 2)
    }


def test_a_name_that_is_read_itself_is_reached_too(serving: Serving) -> None:
    serve(serving, {"edge": {"source": NAME, "relation": "derives", "target": REPORT, "valid_from": AFTER}})
    found = nodes(serving.lineage(FLINK))
    assert (found[NAME], found[SPARK], found[REPORT]) == ((1, "possible"), (1, "possible"), (2, "possible"))
    edges = serving.lineage(FLINK)["edges"]
    assert {(edge["target"], edge["certainty"]) for edge in edges if edge["relation"] == "alias_of"} == {
        (folder, "possible") for folder in BOTH
    }
    assert NAME not in nodes(serving.lineage(FLINK, as_of="2026-03-01T02:10:00Z"))


def test_impact_and_paths_step_over_the_name(serving: Serving) -> None:
    serve(serving)
    answer = serving.queries.impact(FLINK, change="schema")
    affected = {each["uri"]: each for each in answer["affected"]}
    assert answer["ambiguous"] == []
    assert affected[READ]["path"] == [FLINK, SPARK, READ]
    assert [affected[READ][key] for key in ("severity", "effect", "certainty")] == ["high", "breaks_next_run", "possible"]
    of_name = serving.queries.impact(NAME, change="values")
    assert of_name["ambiguous"] == BOTH
    assert {each["uri"]: each["path"] for each in of_name["affected"]}[REPORT] == [NAME, SPARK, READ, REPORT]
    path = serving.queries.path(TOPIC, REPORT)
    assert [step["uri"] for step in path["path"]] == [TOPIC, INGEST, FLINK, SPARK, READ, REPORT]
    assert [step["relation"] for step in path["path"]] == [None, "input_to", "outputs", "alias_of", "input_to", "outputs"]
    assert path["certainty"] == "possible"
    assert [step["uri"] for step in serving.queries.path(NAME, TOPIC)["path"]] == [NAME, FLINK, INGEST, TOPIC]


def test_columns_of_claimants_stand_for_each_other(serving: Serving) -> None:
    made = {"source": column(SPARK, "id"), "relation": "derives", "target": column(REPORT, "id"), "valid_from": AFTER}
    named = {"source": column(NAME, "id"), "relation": "derives", "target": column(REPORT, "day"), "valid_from": AFTER}
    written = {**made, "source": column(TOPIC, "id"), "target": column(FLINK, "id")}
    serve(serving, {"edge": made}, {"edge": named}, {"edge": written})
    answer = serving.lineage(column(NAME, "id"))
    assert answer["ambiguous"] == [column(FLINK, "id"), column(SPARK, "id")]
    found = nodes(answer)
    assert found[column(FLINK, "id")] == found[column(SPARK, "id")] == (1, "possible")
    assert found[column(REPORT, "id")] == (2, "possible")
    assert found[column(REPORT, "day")] == (1, "certain")
    claims = [(edge["target"], edge["origins"]) for edge in answer["edges"] if edge["relation"] == "alias_of"]
    assert claims == [(column(FLINK, "id"), ["openlineage"]), (column(SPARK, "id"), ["openlineage"])]
    downstream = nodes(serving.lineage(column(TOPIC, "id")))
    assert downstream[column(FLINK, "id")] == (1, "certain")
    assert downstream[column(SPARK, "id")] == (2, "possible")
    assert downstream[column(REPORT, "id")] == (3, "possible")
    impact = serving.queries.impact(column(TOPIC, "id"), change="schema")
    paths = {each["uri"]: each["path"] for each in impact["affected"]}
    assert paths[column(REPORT, "id")] == [column(uri, "id") for uri in (TOPIC, FLINK, SPARK, REPORT)]


def column(dataset: str, field: str) -> str:
    return f"{dataset.replace('mlg://dataset/', 'mlg://column/')}%23{field}"


def test_claims_are_dated_and_a_decision_ends_the_ambiguity(serving: Serving) -> None:
    serve(serving, decision(SPARK, "apart"))
    assert serving.queries.asset(NAME, as_of=AFTER)["ambiguous"] == BOTH
    assert READ in nodes(serving.lineage(FLINK, as_of=AFTER))
    alone = serving.lineage(NAME, as_of=BEFORE)
    assert (alone["root"], alone["ambiguous"]) == (FLINK, [])
    decided = serving.lineage(NAME, as_of=DECIDED)
    assert (decided["root"], decided["ambiguous"]) == (FLINK, [])
    assert nodes(serving.lineage(FLINK, as_of=DECIDED)).keys() == {FLINK}
    assert serving.queries.impact(FLINK, WalkOptions(as_of=DECIDED))["affected"] == []
    assert serving.queries.asset(FLINK, as_of=AFTER)["ambiguous"] == []
    facts(serving, {"retract": {"source": NAME, "relation": "alias_of", "target": SPARK, "valid_to": DECIDED}})
    assert serving.lineage(NAME)["ambiguous"] == BOTH
    facts(serving, decision(SPARK, "same", 4))
    assert serving.lineage(NAME)["root"] == SPARK
