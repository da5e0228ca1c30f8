"""Histories in the shapes of real producers, in shuffled orders: the same answers, and `why`, `show` and lineage agree."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import pytest

from mlgraph.domain.vocabulary import WALKED
from tests.contract.producing import Producer, at, facet
from tests.contract.serving import Api, Json, Names

ORDERS: Final = 3


def parent(names: Names, job: str, run: str) -> Json:
    return {"parent": facet(job={"namespace": names.space, "name": job}, run={"runId": run})}


def with_run_facets(event: Json, **facets: Json) -> Json:
    event["run"]["facets"].update(facets)
    return event


def columns(p: Producer, field: str, source: str) -> Json:
    """Return columnLineage of one field from the field of the same name, of a dataset with dots in its name."""
    return facet(fields={field: {"inputFields": [{**p.named(source), "field": field}]}})


def spark(p: Producer) -> list[Json]:
    """An application whose job is `unknown` at START, and a MERGE whose source only columnLineage names."""
    merge = {"t": {"columnLineage": p.columns(number="stage.number")}}
    started = p.run("app", 1, "START", job="unknown")
    return [
        with_run_facets(started, **parent(p.names, "dag.merge", "task")),
        p.run("app", 2, "RUNNING", ["raw"], [], job="application"),
        p.run("app", 3, "COMPLETE", [], ["stage"], job="application"),
        p.run("merge", 4, "START", "t", "t", job="merge_into", facets=merge),
        p.run("merge", 5, "RUNNING", "t", "t", job="merge_into"),
        p.run("merge", 6, "COMPLETE", [], [], job="merge_into"),
        p.run(
            "drop",
            7,
            "START",
            [],
            ["stage"],
            job="drop_table",
            facets={"stage": {"lifecycleStateChange": facet(lifecycleStateChange="DROP")}},
        ),
        p.run("drop", 8, "COMPLETE", [], [], job="drop_table"),
    ]


def dbt(p: Producer) -> list[Json]:
    """A project of models, run twice; the second time one model reads another source. The tests of a model follow it."""
    events: list[Json] = []
    for number, source in enumerate(("raw.orders", "raw.orders_v2")):
        start = 10 * number + 1
        events += [
            p.run(f"dbt{number}", start, "START", job="dbt-run-shop"),
            p.run(f"orders{number}", start + 1, "START", [source], ["shop.orders"], job="shop.orders.build.run"),
            p.run(f"orders{number}", start + 2, "COMPLETE", [source], ["shop.orders"], job="shop.orders.build.run"),
            p.run(f"daily{number}", start + 3, "START", ["shop.orders"], ["shop.daily"], job="shop.daily.build.run"),
            p.run(f"daily{number}", start + 4, "COMPLETE", ["shop.orders"], ["shop.daily"], job="shop.daily.build.run"),
            p.run(f"test{number}", start + 5, "COMPLETE", ["shop.daily"], [], job="shop.daily.test"),
            p.run(f"dbt{number}", start + 6, "COMPLETE", job="dbt-run-shop"),
        ]
    return events


def hive(p: Producer) -> list[Json]:
    """Queries of one session that write partitions of a table; lineage names partitions of the source."""
    events = []
    for day in range(1, 5):
        lineage = {f"sales/day={day}": {"columnLineage": p.columns(amount=f"orders/day={day}.amount")}}
        events.append(
            p.run(f"q{day}", day, "COMPLETE", ["orders", "rates"], [f"sales/day={day}"], job="insert_sales", facets=lineage)
        )
    return events


def flink(p: Producer) -> list[Json]:
    """A streaming job that reports for hours and is then replaced by another version."""
    return [
        p.run("s1", 1, "START", ["clicks"], ["sessions"], code="1"),
        *(p.run("s1", minute, "RUNNING", ["clicks"], ["sessions"], code="1") for minute in range(2, 6)),
        p.run("s1", 6, "ABORT", code="1"),
        p.run("s2", 7, "START", ["clicks", "users"], ["sessions", "errors"], code="2"),
        p.run("s2", 8, "RUNNING", ["clicks", "users"], ["sessions", "errors"], code="2"),
    ]


def airflow(p: Producer) -> list[Json]:
    """Tasks whose SQL parser leaves the database out of column lineage, and a task for each document."""
    facets = {"shop.public.teams": {"columnLineage": columns(p, "team", "public.players")}}
    events = [
        p.run("count", 1, "START", job="dag.count"),
        p.run(
            "count",
            2,
            "COMPLETE",
            ["shop.public.players", "shop.public.clubs"],
            ["shop.public.teams"],
            job="dag.count",
            facets=facets,
        ),
        p.job(3, ["shop.public.teams"], ["report"], job="dag.report"),
        p.run("report", 4, "COMPLETE", ["shop.public.teams", "shop.public.clubs"], ["report"], job="dag.report"),
    ]
    for number in range(1, 6):
        events += [
            p.run(f"embed{number}", 10 + 2 * number, "START", [f"part{number}"], job="dag.embed"),
            p.run(f"embed{number}", 11 + 2 * number, "COMPLETE", None, [f"vectors{number}"], job="dag.embed"),
        ]
    return events


PRODUCERS: Final[tuple[Callable[[Producer], list[Json]], ...]] = (spark, dbt, hive, flink, airflow)


def local(names: Names, value: object) -> object:
    """Return an answer without the namespace of the history, which differs from order to order."""
    if isinstance(value, str):
        return value.replace(names.space, "SPACE")
    if isinstance(value, dict):
        return {local(names, key): local(names, each) for key, each in value.items()}
    return [local(names, each) for each in value] if isinstance(value, list | tuple) else value


def answers(api: Api, names: Names, roots: set[str]) -> object:
    """Return the closures of every root, at both levels and several moments."""
    return {
        (str(local(names, root)), level, direction, minute): local(
            names, sorted(api.reached(root, at(minute), level=level, direction=direction).items())
        )
        for root in sorted(roots)
        for level in ("asset", "run")
        for direction in ("upstream", "downstream")
        for minute in (2.5, 5, 99)
    }


def roots_of(names: Names, events: list[Json]) -> set[str]:
    found = {names.workflow(event["job"]["name"]) for event in events}
    for event in events:
        found |= {names.dataset(item["name"]) for side in ("inputs", "outputs") for item in event.get(side, ())}
    return found


@pytest.mark.parametrize("shape", PRODUCERS, ids=lambda shape: str(shape.__name__))
def test_the_order_of_arrival_changes_no_answer(
    api: Api, request: pytest.FixtureRequest, shape: Callable[[Producer], list[Json]]
) -> None:
    seen: list[object] = []
    for order in range(ORDERS):
        names = Names(f"{shape.__name__}-{order}-{request.node.name[:4]}")
        events = shape(Producer(names))
        arriving = events[::-1] if order == 1 else random.Random(order).sample(events, len(events)) if order else events
        for event in arriving:
            api.event(event)
        seen.append(answers(api, names, roots_of(names, events)))
        assert_agreement(api, roots_of(names, events))
    assert seen[1:] == seen[:1] * (ORDERS - 1)


def assert_agreement(api: Api, roots: set[str]) -> None:
    """Check that `why` and `show` know every edge that lineage lists, and lineage every walked edge that `show` lists."""
    for level in ("asset", "run"):
        listed = {edge for root in roots for edge in api.edges(root, level=level, direction="both")}
        for source, relation, target in sorted(listed):
            explained = api.ask("why", source=source, relation=relation, target=target)
            assert explained["holds"], (source, relation, target, level)
            assert explained["origins"], (source, relation, target, level)
            shown = {(each["source"], each["relation"], each["target"]) for each in api.ask("asset", uri=source)["relations"]}
            assert (source, relation, target) in shown
    for root in roots:
        shown = {(each["source"], each["relation"], each["target"]) for each in api.ask("asset", uri=root)["relations"]}
        for source, relation, target in shown:
            if relation in WALKED and "mlg://run/" not in source + target:
                assert (source, relation, target) in api.edges(root, direction="both", depth=1)
