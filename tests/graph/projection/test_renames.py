"""Tables that are renamed, dropped and created again: the graph is the same in any order, rebuilt, and after an export."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlgraph.connectors import openlineage
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.facts import Contact, Fact
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.payloads.payload import Located, decode_json
from mlgraph.domain.timestamps import FOREVER, format_time, parse_time
from mlgraph.graph.model.claims import Alias
from mlgraph.services.queries.export import export_lines
from tests.graph.model.test_renamed_assets import resolve_names
from tests.graph.projected import LEVELS_OF_EDGES, Projected
from tests.model import histories
from tests.model.histories import DATASETS
from tests.plugins.amounts import amounts

NAMES = "abcd"
MINUTE_US = 60_000_000
START = parse_time("2026-03-01T00:00:00Z")
NUMBERS = {name: number for number, name in enumerate(NAMES)}
assert [uri.name for uri in DATASETS[:4]] == list(NAMES), "the model of names numbers datasets so"


@dataclass(frozen=True)
class ReportedHistory:
    """One event in short form: the minute, what happened, to which table, with which other table or run."""

    minute: int
    what: str
    name: str
    other: str = ""


def some_history(rng: random.Random, words: Sequence[str]) -> list[ReportedHistory]:
    """Return events, each at its own moment. A name that is mentioned, renamed or dropped need not be known before."""
    found = []
    for minute in range(1, rng.randint(4, 14)):
        what = rng.choice(words)
        name, other = rng.sample(NAMES, 2)
        found.append(ReportedHistory(minute, what, name, rng.choice("pqr") if what in ("reads", "writes") else other))
    return found


def event(reported: ReportedHistory) -> dict[str, Any]:
    dataset: dict[str, Any] = named(reported.name)
    at = {"eventTime": format_time(START + reported.minute * MINUTE_US)}
    if reported.what in ("reads", "writes"):  # one run and job for each letter, which reports repeatedly
        job = {"namespace": "etl", "name": f"job-{reported.other}"}
        side = "inputs" if reported.what == "reads" else "outputs"
        return {**at, "eventType": "RUNNING", "run": {"runId": reported.other}, "job": job, side: [dataset]}
    if reported.what == "symlink":
        dataset["facets"] = {"symlinks": {"identifiers": [named(reported.other)]}}
    elif reported.what == "rename":
        state = {"lifecycleStateChange": "RENAME", "previousIdentifier": named(reported.other)}
        dataset["facets"] = {"lifecycleStateChange": state}
    else:
        dataset["facets"] = {"lifecycleStateChange": {"lifecycleStateChange": reported.what.upper()}}
    return {**at, "dataset": dataset}


def named(name: str) -> dict[str, str]:
    return {"namespace": DATASETS[0].namespace, "name": name}


def facts_of(reported: Sequence[ReportedHistory]) -> list[Fact]:
    answer = [fact for each in reported for fact in openlineage.normalise(event(each))]
    return [fact for fact in answer if not isinstance(fact, Contact | DetailWarning)]


def without_names(reported: Sequence[ReportedHistory]) -> list[ReportedHistory]:
    return [each for each in reported if each.what in ("reads", "writes")]


def expected_aliases(reported: Sequence[ReportedHistory]) -> Iterator[Alias]:
    """Yield the aliases of docs/semantics.md, valid until undone or, after a rename, until an asset uses the name again."""
    for each in reported:
        if each.what in ("symlink", "rename"):
            later = [next_ for next_ in reported if next_.minute > each.minute]
            ends = [next_.minute for next_ in later if is_back(next_, each)]
            renamed = [e.minute for e in (each, *later) if e.what == "rename" and e.other == each.other]
            ends += [
                next_.minute for next_ in later if renamed and next_.minute > renamed[0] and uses(next_, each.other, reported)
            ]
            end = START + min(ends) * MINUTE_US if ends else FOREVER
            yield Alias(NUMBERS[each.other], NUMBERS[each.name], START + each.minute * MINUTE_US, end)


def is_back(event: ReportedHistory, alias: ReportedHistory) -> bool:
    """Return whether an event reverses the rename of an alias."""
    return event.what == "rename" and (event.name, event.other) == (alias.other, alias.name)


def uses(event: ReportedHistory, name: str, reported: Sequence[ReportedHistory]) -> bool:
    """Return whether an event assigns a name to an asset again: by a rename, or by a run that writes it for the first time."""
    if event.name != name or event.what not in ("rename", "writes"):
        return False
    before = [each for each in reported if each.minute < event.minute]
    return event.what == "rename" or (event.what, name, event.other) not in [(e.what, e.name, e.other) for e in before]


@amounts(50, 200)
def test_edges_are_listed_under_the_assets_that_names_denote(seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        reported = some_history(rng, ("reads", "writes", "writes", "rename", "rename", "symlink"))
        plain, real = Projected([facts_of(without_names(reported))]), Projected(in_batches(facts_of(reported), rng))
        for moment in some_moments(reported, rng):
            wanted = resolve_names(plain.edges("asset", moment), list(expected_aliases(reported)), moment)
            assert real.edges("asset", moment) == wanted, f"seed {seed}, {reported} at {format_time(moment)}"


@amounts(40, 150)
def test_the_order_of_arrival_and_an_export_change_nothing(seeds: range) -> None:
    words = ("reads", "writes", "rename", "rename", "symlink", "drop", "create", "truncate")
    for seed in seeds:
        rng = random.Random(seed)
        reported = some_history(rng, words)
        facts = facts_of(reported)
        first, shuffled, rebuilt = Projected([facts]), Projected(in_batches(facts, rng)), Projected([facts])
        rebuilt.rebuild()
        exported = list(export_lines(first.store))
        loaded = Projected([facts_of_lines(exported)])
        assert list(export_lines(loaded.store)) == exported
        for moment in some_moments(reported, rng):
            for level in LEVELS_OF_EDGES:
                edges = first.edges(level, moment)
                for other, how in ((shuffled, "shuffled"), (rebuilt, "rebuilt"), (loaded, "imported from the export")):
                    assert other.edges(level, moment) == edges, f"seed {seed}, {reported} at {format_time(moment)}, {how}"


def facts_of_lines(lines: Sequence[bytes]) -> list[Fact]:
    statements = [answer for line in lines for answer in parse_line(Located(decode_json(line)), "facts")]
    return [answer for answer in statements if not isinstance(answer, Contact | DetailWarning)]


def in_batches(facts: list[Fact], rng: random.Random) -> list[list[Fact]]:
    """Return the same facts in another order, some repeated, and those of one event possibly in separate batches."""
    return histories.split(histories.shuffled(histories.repeated(facts, rng), rng), rng)


def some_moments(reported: Sequence[ReportedHistory], rng: random.Random) -> list[int]:
    moments = [START + each.minute * MINUTE_US + beside for each in reported for beside in (-1, 0, 2)]
    return sorted(rng.sample(moments, min(6, len(moments))))
