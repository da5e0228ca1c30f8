"""What people write about assets: stored as facts of its own origin, one change at a time, and kept whatever sources do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from mlgraph.domain.errors import Forbidden, InvalidInput, PreconditionFailed, Unavailable, UnknownAsset
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.timestamps import format_time
from mlgraph.services.common.identity import LOCAL, Caller
from mlgraph.services.curation.annotations import Annotations
from mlgraph.stores.postgres import exclusion
from mlgraph.stores.postgres.exclusion import PostgresExclusion
from tests.services.parts import Json, Serving, Store, schema_url

T = "mlg://dataset/n/t"
U = "mlg://dataset/n/u"
ANN = Caller("ann")
TEAM, OTHER_TEAM = "mlg://team/org/a", "mlg://team/org/b"


class Writing(Serving):
    """The services over a store, with those of curation; the follower runs in its own thread."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.annotations = Annotations(
            store.reader, self.follower, self.queries, self.intake.append, PostgresExclusion(store.database)
        )
        self.follower.start()

    def write(self, uri: str, **change: Any) -> Json:
        return self.annotations.change(uri, change, ANN)

    def report(self, *lines: Json) -> None:
        answer = self.intake.facts([json.dumps(line).encode() for line in lines], LOCAL)
        assert answer["rejected"] == []
        self.follower.wait_for(answer["watermark"], 20)

    def asset(self, uri: str = T, as_of: str | None = None) -> Json:
        return self.queries.asset(uri, as_of=as_of)


@pytest.fixture
def writing(store: Store) -> Iterator[Writing]:
    opened = Writing(store)
    opened.report({"asset": {"uri": T, "origin": "dbt", "description": "of dbt", "tags": ["raw"]}}, {"asset": {"uri": U}})
    yield opened
    opened.follower.stop()


@pytest.fixture
def new_store(postgres_url: str) -> Iterator[Callable[[], Store]]:
    opened: list[Store] = []

    def make() -> Store:
        opened.append(Store(schema_url(postgres_url)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def state(uri: str = T, origin: str = "dbt", **members: Any) -> Json:
    return {"asset": {"uri": uri, "origin": origin, **members}}


def test_an_answer_names_the_origin_of_each_value(writing: Writing) -> None:
    body = writing.write(T, description="of people", tags={"add": ["gold"], "remove": ["raw"]})
    assert body["changed"] == ["description", "tags"]
    assert (body["description"], body["tags"], body["origins"]) == ("of people", ["gold"], ["curation", "dbt"])
    field = body["fields"]["description"]
    assert (field["value"], field["origin"], field["actor"]) == ("of people", "curation", "ann")
    assert [(each["origin"], each["value"]) for each in field["others"]] == [("dbt", "of dbt")]
    assert (body["fields"]["tags"]["added"], body["fields"]["tags"]["removed"]) == (["gold"], ["raw"])
    later = writing.write(T, deprecated=True)
    assert later["fields"]["description"] == field, "the moment and the actor are those of the change of this field"
    assert later["fields"]["deprecated"]["at"] > field["at"]
    [first, *_] = [each for each in later["history"] if each["origin"] == "curation"]
    assert (first["actor"], first["state"]["description"]) == ("ann", "of people")


def test_what_people_wrote_survives_every_report_and_the_past_is_as_it_was(writing: Writing) -> None:
    writing.write(T, description="w", owners=[TEAM])
    before = writing.asset()["fields"]["description"]["at"]
    for number in range(3):
        writing.report(state(description=f"sync {number}", owners=[OTHER_TEAM]))
        assert (writing.asset()["description"], writing.asset()["owners"]) == ("w", [TEAM])
    writing.report({"retract": {"uri": T, "origin": "*"}})
    gone = writing.asset()
    assert gone["deleted_at"]
    assert (gone["description"], gone["owners"], gone["valid_from"]) == ("w", [TEAM], None)
    writing.report(state(description="again"))
    assert (writing.asset()["description"], writing.asset()["deleted_at"]) == ("w", None)
    body = writing.write(T, description=None, owners=None)
    assert (body["description"], body["owners"], body["changed"]) == ("again", [], ["description", "owners"])
    assert writing.asset(as_of=before)["description"] == "w"


def test_a_repetition_writes_nothing(writing: Writing) -> None:
    first = writing.write(T, description="w", tags={"add": ["a"]})
    written = writing.store.reader.last_tx()
    again = writing.write(T, description=" w ", tags={"add": ["a"]})
    assert (again["changed"], again["etag"]) == ([], first["etag"])
    assert writing.write(T, successor=None)["changed"] == []
    assert writing.store.reader.last_tx() == written


def test_a_stale_entity_tag_is_refused(writing: Writing) -> None:
    read = writing.asset()["etag"]
    writing.report(state(description="a sync changes nothing that people can write"))
    assert writing.asset()["etag"] == read
    writing.annotations.change(T, {"description": "one"}, ANN, [read])
    with pytest.raises(PreconditionFailed):
        writing.annotations.change(T, {"description": "two"}, ANN, [read])
    now = writing.asset()["etag"]
    assert now != read
    for accepted in ([now], ["other", now], ["*"]):
        assert writing.annotations.change(T, {"description": "one"}, ANN, accepted)["changed"] == []
    writing.annotations.change(T, {"description": None}, ANN, [now])
    assert writing.asset()["etag"] == read


def test_simultaneous_changes_of_two_processes_all_survive(writing: Writing, store: Store) -> None:
    other = Writing(Store(store.url))
    changes: list[Json] = [
        {"description": "w"},
        {"owners": [TEAM]},
        {"deprecated": True},
        {"successor": U},
        {"links": {"add": ["https://a"]}},
        *({"tags": {"add": [f"t{number}"]}} for number in range(12)),
    ]
    with ThreadPoolExecutor(len(changes)) as threads:
        processes = (writing, other)
        jobs = [threads.submit(processes[n % 2].annotations.change, T, each, ANN) for n, each in enumerate(changes)]
        assert all(job.result()["changed"] for job in jobs)
    writing.follower.wait_for(writing.store.reader.last_tx(), 20)
    body = writing.asset()
    assert body["tags"] == sorted([*(f"t{number}" for number in range(12)), "raw"])
    assert (body["description"], body["owners"], body["deprecated"], body["successor"]) == ("w", [TEAM], True, U)
    assert body["links"] == ["https://a"]
    assert len([each for each in body["history"] if each["origin"] == "curation"]) == len(changes)
    other.follower.stop()
    other.store.close()


def test_of_two_assets_only_one_becomes_the_successor_of_the_other(writing: Writing) -> None:
    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(writing.write, one, successor=other) for one, other in ((T, U), (U, T))]
    failures = [job.exception() for job in jobs]
    assert [type(failure) for failure in failures if failure is not None] == [InvalidInput]


def test_a_successor_exists_is_not_deleted_and_leads_nowhere_back(writing: Writing) -> None:
    names = [f"mlg://dataset/n/{number}" for number in range(3)]
    writing.report(*({"asset": {"uri": uri}} for uri in names), {"asset": {"uri": "mlg://dataset/n/gone"}})
    writing.report({"retract": {"uri": "mlg://dataset/n/gone"}})
    writing.write(names[0], successor=names[1])
    writing.report(state(names[1], "dbt", properties={"successor": names[2]}))  # also by what sources report
    refused = {T: "own successor", "mlg://dataset/n/none": "must exist", "mlg://dataset/n/gone": "is deleted"}
    for successor, reason in refused.items():
        with pytest.raises(InvalidInput, match=reason) as refusal:
            writing.write(T, successor=successor)
        assert refusal.value.pointer == "/successor"
    with pytest.raises(InvalidInput, match=r"0 -> .*1 -> .*2"):
        writing.write(names[2], successor=names[0])
    assert writing.write(T, successor=names[0])["successor"] == names[0]


def notified(serving: Serving) -> list[str]:
    """The owners whom the impact of the table notifies."""
    body = orjson.loads(orjson.dumps(serving.queries.impact(T, WalkOptions())))
    return [each["owner"] for each in body["notify"]]


def test_owners_that_people_wrote_replace_all_others_in_every_answer(writing: Writing) -> None:
    job = "mlg://workflow/n/j"
    writing.report(
        {"edge": {"source": T, "relation": "input_to", "target": job}},
        {"edge": {"source": job, "relation": "owned_by", "target": TEAM}},
        {"asset": {"uri": job, "owners": [TEAM]}},
    )
    assert writing.asset(job)["owners"] == [TEAM]
    writing.write(job, owners=[OTHER_TEAM])
    assert writing.asset(job)["owners"] == [OTHER_TEAM]
    others = writing.asset(job)["fields"]["owners"]["others"]
    assert [(each["origin"], each["value"]) for each in others] == [("facts", [TEAM]), ("facts", [TEAM])]
    assert notified(writing) == [OTHER_TEAM]
    why = writing.queries.why(job, "owned_by", OTHER_TEAM)
    assert [each["origin"] for each in why["origins"]] == ["curation"]
    fresh = Serving(writing.store)  # a graph that is built from the store
    fresh.follow()
    assert notified(fresh) == [OTHER_TEAM]


def test_teams_depend_on_the_teams_that_people_name(writing: Writing) -> None:
    needed, needing, third = "mlg://service/n/needed", "mlg://service/n/needing", "mlg://team/org/c"
    writing.report(
        {"edge": {"source": needed, "relation": "required_by", "target": needing}},
        {"edge": {"source": needed, "relation": "owned_by", "target": TEAM}},
        {"asset": {"uri": needing, "owners": [OTHER_TEAM]}},
    )

    def depends_on(team: str) -> list[str]:
        listed = writing.asset(team)["relations"]
        return [each["target"] for each in listed if each["relation"] == "depends_on" and each["direction"] == "out"]

    assert depends_on(OTHER_TEAM) == [TEAM]
    before = writing.asset(needed)["as_of"]
    writing.write(needed, owners=[third])
    assert depends_on(OTHER_TEAM) == [third]
    writing.write(needing, owners=[TEAM])
    assert depends_on(OTHER_TEAM) == []
    assert depends_on(TEAM) == [third]
    earlier = writing.asset(OTHER_TEAM, as_of=before)["relations"]
    assert [each["target"] for each in earlier if each["relation"] == "depends_on"] == [TEAM]
    writing.write(needed, owners=None)
    writing.write(needing, owners=None)
    assert depends_on(OTHER_TEAM) == [TEAM]


def test_one_name_of_an_asset_is_as_good_as_another(writing: Writing) -> None:
    writing.write(T, description="w")
    writing.report({"edge": {"source": T, "relation": "alias_of", "target": U}})
    assert writing.asset(U)["description"] == writing.asset(T)["description"] == "w"
    body = writing.write(T, tags={"add": ["x"]})
    assert (body["uri"], body["description"], body["tags"]) == (U, "w", ["raw", "x"])


def test_secrets_are_redacted(writing: Writing) -> None:
    body = writing.write(T, description="password=Tr0ub4dor-9x", links={"add": ["https://a/?token=Tr0ub4dor-9x"]})
    assert "Tr0ub4dor" not in json.dumps(body)
    assert writing.write(T, description="password=Tr0ub4dor-9x")["changed"] == []


def test_a_change_that_the_graph_lacks_is_stored_and_repeating_it_answers_with_it(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing.follower.stop()
    monkeypatch.setattr("mlgraph.services.curation.annotations.WAIT_S", 0.1)
    for _ in range(2):
        with pytest.raises(Unavailable, match="stored, but answers do not include it yet"):
            writing.write(T, description="w")
    writing.follow()
    body = writing.write(T, description="w")
    assert (body["description"], body["changed"]) == ("w", [])


def test_who_may_not_write_and_what_is_unknown(writing: Writing) -> None:
    with pytest.raises(Forbidden):
        writing.annotations.change(T, {"description": "w"}, Caller("bot", "dbt"))
    with pytest.raises(UnknownAsset):
        writing.write("mlg://dataset/n/unknown", description="w")
    with pytest.raises(InvalidInput) as refused:
        writing.annotations.change(T, ["description"], ANN)
    assert refused.value.pointer == ""
    many = [f"t{number}" for number in range(100)]
    writing.write(T, tags={"add": many})
    with pytest.raises(InvalidInput, match="101 written tags"):
        writing.write(T, tags={"add": ["one more"]})


def test_an_export_of_an_import_of_an_export_is_the_same(writing: Writing, new_store: Callable[[], Store]) -> None:
    writing.write(T, description="w", owners=[TEAM], links={"add": ["https://a"]}, tags={"remove": ["raw"]}, successor=U)
    writing.report({"retract": {"uri": T, "origin": "*"}})
    writing.write(T, description=None)
    lines = list(writing.queries.export())
    copy = Serving(new_store())
    assert copy.intake.facts([line for chunk in lines for line in chunk.splitlines()], LOCAL)["rejected"] == []
    copy.follow()
    assert list(copy.queries.export()) == lines
    same = ("description", "owners", "tags", "links", "deprecated", "successor", "etag", "deleted_at")
    there, here = copy.queries.asset(T), writing.asset()
    assert {key: there[key] for key in same} == {key: here[key] for key in same}


def test_a_change_does_not_wait_for_ever(writing: Writing, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusion, "WAIT_S", 0.2)
    other = PostgresExclusion(store.database)
    with other.exclusive(), pytest.raises(Unavailable, match="other changes"):
        writing.write(T, description="w")
    assert writing.write(T, description="w")["changed"] == ["description"]


def test_reserved_origins_are_refused_except_in_an_import(writing: Writing) -> None:
    line = [json.dumps(state(origin=origin)).encode() for origin in ("curation", "config:x", "mlflow", "mine")]
    for caller, refused in ((ANN, 3), (Caller("bot", "curation"), 4), (Caller("root", admin=True), 0), (LOCAL, 0)):
        answer = writing.intake.facts(line, caller)
        assert len(answer["rejected"]) == refused
        assert all(each["pointer"] == "/asset/origin" for each in answer["rejected"])


def test_times_of_changes_are_those_of_the_server(writing: Writing) -> None:
    body = writing.write(T, description="w")
    [(moment,)] = writing.store.query("SELECT valid_from FROM asset_fact WHERE origin_id = 30000")
    assert body["fields"]["description"]["at"] == format_time(moment)
