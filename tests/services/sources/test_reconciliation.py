"""Reconciliation of answers with stored facts: random answers about few assets, compared with what each says."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from mlgraph.connectors import mlflow
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Mode, Statement, split_contacts
from mlgraph.domain.history import asset_intervals
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.ports.store import Item
from mlgraph.services.sources.reconciliation import Reconciler, Reported
from mlgraph.services.sources.stored_edges import StoredEdges
from mlgraph.sources.mlflow.factory import MlflowSources
from tests.services.parts import TESTER, Store

CONNECTOR = replace(mlflow.connector(MlflowSources()), complete_edges={"run": (("part_of",), ("input_to",))})
RUNS = [AssetUri("run", "mlflow:prod", name) for name in ("r1", "r2")]
DATA = [AssetUri("dataset", "s3://lake", name) for name in ("a", "b", "c")]
VERSIONS = [AssetUri("model_version", "mlflow:prod", f"m/{number}") for number in (1, 2)]
PARENTS = [AssetUri("workflow", "mlflow:prod", name) for name in ("e1", "e2")]
STARTED = 1_000_000

Open = set[tuple[str, str, str, str]]


def open_edges(store: Store) -> Open:
    """Return the open edges of the store, those of deleted runs included, with their roles."""
    reader = store.reader
    rows = list(reader.stream())
    uris = {row.asset: row.uri for row, _, _ in rows}
    (origin,) = (number for number, name in reader.origins().items() if name == "mlflow")
    found: Open = set()
    for _, _, outgoing in rows:
        facts = [
            EdgeFact(
                AssetUri.parse(uris[each.source]), RELATION_NAMES[each.relation], AssetUri.parse(uris[each.target]), "mlflow"
            )
            for each in outgoing
        ]
        stored = StoredEdges(reader, origin, set(uris.values()), facts)
        for record in outgoing:
            if record.mode != Mode.RETRACT and any(each.end == FOREVER for each in stored.intervals(record)):
                triple = uris[record.source], RELATION_NAMES[record.relation], uris[record.target]
                found.add((*triple, record.role or ""))
    return found


def existing(store: Store) -> set[str]:
    states = {row.uri: asset_intervals(records) for row, records, _ in store.reader.stream()}
    return {uri for uri, intervals in states.items() if any(each.end == FOREVER for each in intervals)}


def run_answer(dice: random.Random, run: AssetUri, versions: Sequence[AssetUri]) -> list[Statement]:
    """Return an answer about a run with its original times, whatever happened since."""
    inputs = dice.sample([*DATA, *versions], dice.randint(0, 3))
    roles = [{"role": dice.choice(["training", "test"])} for _ in inputs]
    return [
        AssetFact(run, "mlflow", None, {"properties": {"n": dice.randrange(3)}}),
        EdgeFact(run, "part_of", dice.choice(PARENTS), "mlflow", STARTED),
        *(AssetFact(each, "mlflow", STARTED, {"name": each.name}, Mode.PATCH) for each in inputs if each.kind == "dataset"),
        *(EdgeFact(each, "input_to", run, "mlflow", STARTED, properties=role) for each, role in zip(inputs, roles, strict=True)),
    ]


def version_answer(dice: random.Random, version: AssetUri) -> list[Statement]:
    return [
        AssetFact(version, "mlflow", None, {"properties": {"n": dice.randrange(3)}}),
        EdgeFact(RUNS[0], "outputs", version, "mlflow", STARTED),
    ]


def keys(statements: Sequence[Any]) -> Open:
    return {
        (str(each.source), each.relation, str(each.target), each.properties.get("role", ""))
        for each in statements
        if isinstance(each, EdgeFact)
    }


@pytest.mark.parametrize("seed", range(8))
def test_what_the_last_answers_say_is_valid_and_nothing_else(store: Store, seed: int) -> None:
    dice, reconciler, expected = random.Random(seed), Reconciler(store.reader, CONNECTOR), dict[AssetUri, Open]()
    exists: set[AssetUri] = set()
    for step in range(40):
        if dice.random() < 0.3 and exists:
            subject = dice.choice(sorted(exists))
            statements: list[Statement] = [AssetRetraction(subject, "mlflow")]
            exists.discard(subject)
            if subject.kind != "run":  # deleting a run ends none of its edges
                expected.pop(subject)
                expected = {of: {each for each in edges if str(subject) not in each} for of, edges in expected.items()}
        elif dice.random() < 0.5:
            subject = dice.choice(RUNS)
            statements = run_answer(dice, subject, [each for each in VERSIONS if each in exists])
            exists.add(subject)
            expected[subject] = keys(statements)
        else:
            subject = dice.choice(VERSIONS)
            statements = version_answer(dice, subject)
            exists.add(subject)
            expected[subject] = keys(statements)
        (reconciled,) = reconciler.reconcile([Reported(subject, statements)])
        store.writer.append([Item(*split_contacts(reconciled))], TESTER)
        assert open_edges(store) == set().union(*expected.values()), (step, subject)
        assert {str(each) for each in exists} <= existing(store)


def test_an_answer_that_repeats_the_last_one_changes_nothing(store: Store) -> None:
    dice, reconciler = random.Random(1), Reconciler(store.reader, CONNECTOR)
    answers: Iterator[list[Statement]] = (run_answer(dice, RUNS[0], []) for _ in range(6))
    for statements in answers:
        news = []
        for _ in range(2):
            (reconciled,) = reconciler.reconcile([Reported(RUNS[0], statements)])
            news.append(list(store.writer.append([Item(*split_contacts(reconciled))], TESTER).new))
        assert news[1] == [False]
