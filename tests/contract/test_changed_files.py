"""POST /api/v1/impact: what changed files affect, by the files, by column lineage, and beside a naive model of random graphs."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from mlgraph.domain.uri import AssetUri
from tests.contract.producing import Producer, at, facet
from tests.contract.serving import Api, Json, Names, asset, edge, retract


def ask(api: Api, *changes: Json, **more: Any) -> Json:
    response = api.http.post(f"/api/v1/impact?at_least={api.written}", json={"changes": changes, **more})
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


def file(path: str, before: str | None, after: str | None, **more: Any) -> Json:
    return {"path": path, "before": before, "after": after, **more}


def alter(names: Names, dataset: str, action: str) -> Json:
    """A migration of a dataset, which no other test has."""
    return file("m/1.sql", None, f'alter table "{unique(names, dataset)}" {action}')


def unique(names: Names, dataset: str) -> str:
    return f"{names.space}-{dataset}"


def affected(answer: Json) -> dict[str, tuple[str, str]]:
    """Certainty and effect of each affected asset by name."""
    return {AssetUri.parse(each["uri"]).name: (each["certainty"], each["effect"]) for each in answer["affected"]}


def by_certainty(answer: Json, certainty: str) -> set[str]:
    return {name for name, (found, _) in affected(answer).items() if found == certainty}


def run(p: Producer, job: str, inputs: list[str], output: str, columns: Json | None, minute: float = 1) -> Json:
    facets = {output: {"columnLineage": columns}} if columns is not None else {}
    return p.run(f"{job}-{minute}", minute, inputs=inputs, outputs=[output], job=job, facets=facets)


def columns(p: Producer, names: Names, **fields: str) -> Json:
    """A columnLineage facet: field="a.x b.y" lists the input columns of a field."""
    return facet(
        fields={
            field: {
                "inputFields": [
                    {**p.named(unique(names, source.partition(".")[0])), "field": source.partition(".")[2]}
                    for source in sources.split()
                ]
            }
            for field, sources in fields.items()
        }
    )


@pytest.fixture
def ratings(api: Api, names: Names) -> Names:
    """A hub `r` with readers of single columns, a reader without column lineage, what follows, and a service."""
    p = Producer(names)

    def of(dataset: str) -> str:
        return unique(names, dataset)

    api.events(
        [
            run(p, "popularity", [of("r")], of("pop"), columns(p, names, title="r.title", score="r.rating")),
            run(p, "times", [of("r")], of("tim"), columns(p, names, day="r.rated_at")),
            run(p, "documents", [of("pop")], of("doc"), columns(p, names, text="pop.title")),
            run(p, "report", [of("pop")], of("rep"), columns(p, names, best="pop.score")),
            run(p, "train", [of("r")], of("vec"), None),
        ]
    )
    service, team = names.of("service", "home"), names.of("team", "reco")
    api.taken(
        asset(team, at(1), name="Reco <b>", properties={"handle": "acme/reco"}),
        asset(service, at(1), owners=[team]),
        edge(names.dataset(unique(names, "vec")), "input_to", service, at(1), properties={"role": "online"}),
    )
    return names


def test_what_reads_the_column_breaks_and_what_reads_others_does_not(api: Api, ratings: Names) -> None:
    answer = ask(api, alter(ratings, "r", "drop column rating"))
    n = ratings
    certain = {
        "popularity",
        unique(n, "pop"),
        f"{unique(n, 'pop')}#score",
        "report",
        unique(n, "rep"),
        f"{unique(n, 'rep')}#best",
    }
    assert by_certainty(answer, "certain") == certain
    # the table that documents reads is not written any more, though it reads another column; train may read any column
    assert by_certainty(answer, "possible") == {"documents", unique(n, "doc"), "train", unique(n, "vec"), "home"}
    assert answer["counts"] == {"breaks_now": 0, "breaks_next_run": 6, "tainted": 0, "possible": 5}
    assert answer["verdict"] == "6 break at their next run, 5 possible, in 1 team"
    (changed,) = answer["assets"]
    assert (changed["uri"], changed["change"], changed["detail"]) == (
        n.column(unique(n, "r"), "rating"),
        "schema",
        "drops rating",
    )
    report = next(each for each in answer["affected"] if each["name"] == "report")
    path = [n.column(unique(n, "r"), "rating"), n.column(unique(n, "pop"), "score"), n.workflow("report")]
    assert (report["path"], report["distance"], report["severity"]) == (path, 2, "high")
    times = ask(api, alter(n, "r", "drop column rated_at"))
    assert by_certainty(times, "certain") == {"times", unique(n, "tim"), f"{unique(n, 'tim')}#day"}


def test_values_reach_what_is_computed_from_the_column_only(api: Api, ratings: Names) -> None:
    n, path = ratings, "models/r.sql"
    name = unique(n, "r")
    text = f"{{{{ config(alias='{name}') }}}} select title, rating, rated_at from {{{{ ref('raw') }}}}"
    answer = ask(api, file(path, text, text.replace(", rating", ", rating * 2 as rating")))
    assert by_certainty(answer, "certain") == {
        "popularity",
        unique(n, "pop"),
        f"{unique(n, 'pop')}#score",
        "report",
        unique(n, "rep"),
        f"{unique(n, 'rep')}#best",
    }
    assert by_certainty(answer, "possible") == {"train", unique(n, "vec"), "home"}, "documents reads titles, which are the same"
    assert {effect for _, effect in affected(answer).values()} == {"tainted"}
    assert answer["rebuild"]["dbt"] == ["r+"]
    assert n.workflow("popularity") in answer["rebuild"]["workflows"]


def test_a_column_that_nobody_reads_and_one_that_nobody_knows(api: Api, ratings: Names) -> None:
    answer = ask(api, alter(ratings, "rep", "drop column best"))
    assert (answer["affected"], answer["verdict"], answer["unknown"]) == ([], "nothing known is affected", [])
    unknown = ask(api, alter(ratings, "r", "drop column comment"))
    assert by_certainty(unknown, "certain") == set()
    assert by_certainty(unknown, "possible") == {"train", unique(ratings, "vec"), "home"}, "whose columns are not known"


def test_a_deleted_model_is_retired_and_a_renamed_file_is_followed(api: Api, ratings: Names) -> None:
    n = ratings
    name = unique(n, "vec")
    text = f"{{{{ config(alias='{name}') }}}} select a, b from {{{{ ref('r') }}}}"
    answer = ask(api, file("models/vec.sql", text, None), fail_on="breaks_now")
    assert affected(answer) == {"home": ("certain", "breaks_now")}
    assert answer["failed"] == ["1 asset breaks now"]
    assert answer["rebuild"]["dbt"] == []
    (team,) = answer["by_team"]
    assert (team["name"], team["handle"], team["worst"], team["total"]) == ("Reco <b>", "@acme/reco", "breaks_now", 1)
    assert answer["notify"] == [{"owner": n.of("team", "reco"), "assets": [n.of("service", "home")]}]
    moved = ask(api, file("models/new/vec.sql", text, text, previous_path="models/vec.sql"))
    assert (moved["affected"], moved["assets"][0]["change"]) == ([], None)


def test_ambiguous_names_are_possible_and_a_complete_name_is_meant(api: Api, names: Names) -> None:
    orders, other = f"{names.space}-orders", f"shop.{names.space}-orders"
    api.taken(*(edge(names.dataset(each), "input_to", names.workflow(f"of {each}"), at(1)) for each in (other, f"old.{orders}")))
    answer = ask(api, file("m.sql", None, f'drop table "{orders}"'))
    assert affected(answer) == {
        f"of {other}": ("possible", "breaks_next_run"),
        f"of old.{orders}": ("possible", "breaks_next_run"),
    }
    qualified = ask(api, file("m.sql", None, f'drop table shop."{orders}"'))
    assert affected(qualified) == {f"of {other}": ("certain", "breaks_next_run")}
    api.taken(edge(names.dataset(orders), "input_to", names.workflow("of it"), at(1)))
    complete = affected(ask(api, file("m.sql", None, f'drop table "{orders}"')))
    assert complete["of it"] == ("certain", "breaks_next_run")
    assert complete[f"of {other}"] == ("possible", "breaks_next_run")
    api.taken(retract(names.dataset(orders), "input_to", names.workflow("of it"), at=at(2)))


def test_unknown_files_are_named_and_never_safe(api: Api, names: Names) -> None:
    changes = [
        file("README.md", "a", "b"),
        file("models/nobody.sql", f"select a, b from x -- {names.space}", "select a from x"),
        file("models/broken.sql", "select 1 as a", "select a,\nfrom where"),
        file("models/new.sql", None, "select a from x"),
        {"path": "logo.png", "skipped": "it is a binary file"},
    ]
    answer = ask(api, *changes)
    assert answer["unknown"] == ["README.md", "logo.png", "models/broken.sql", "models/nobody.sql"]
    reasons = {each["path"]: (each["line"], each["reason"]) for each in answer["unread"]}
    assert reasons["models/broken.sql"][0] in (1, 2)
    assert "'nobody'" in reasons["models/nobody.sql"][1]
    assert reasons["logo.png"] == (None, "it is a binary file")
    assert answer["new"] == [{"path": "models/new.sql", "names": ["new"]}]
    assert answer["verdict"] == "nothing known is affected, 4 changed files unknown"
    assert answer["failed"] == []
    strict = ask(api, *changes, strict=True)
    assert strict["failed"] == ["nothing is known of 4 changed files"]


@pytest.mark.parametrize(
    ("threshold", "fails", "fails_if_strict"),
    [
        ("breaks_now", False, True),
        ("severity:critical", False, True),
        ("severity:high", True, True),
        ("6", False, True),
        ("5", True, True),
        ("11", False, False),
    ],
)
def test_thresholds(api: Api, ratings: Names, threshold: str, fails: bool, fails_if_strict: bool) -> None:
    n = ratings
    change = alter(n, "r", "drop column rating")
    service = n.of("service", "home")
    api.taken(edge(n.dataset(unique(n, "r")), "input_to", service, at(1), properties={"role": "online"}))
    for strict, expected in ((False, fails), (True, fails_if_strict)):
        assert bool(ask(api, change, fail_on=threshold, strict=strict)["failed"]) is expected


REFUSED = {
    "no changes": ({}, "/changes"),
    "a text": ({"changes": "x"}, "/changes"),
    "no path": ({"changes": [{"after": "x"}]}, "/changes/0/path"),
    "neither text": ({"changes": [{"path": "a"}]}, "/changes/0"),
    "a number": ({"changes": [{"path": "a", "before": 3}]}, "/changes/0/before"),
    "twice": ({"changes": [{"path": "a", "after": "x"}, {"path": "a", "after": "x"}]}, "/changes/1/path"),
    "an unknown key": ({"changes": [], "failon": "x"}, "/failon"),
    "a key of a file": ({"changes": [{"path": "a", "after": "x", "text": "x"}]}, "/changes/0/text"),
    "a threshold": ({"changes": [], "fail_on": "severity:worst"}, "/fail_on"),
    "a limit": ({"changes": [], "limit": 0}, "/limit"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_body_is_refused_with_its_place(api: Api, name: str) -> None:
    body, pointer = REFUSED[name]
    response = api.http.post("/api/v1/impact", json=body)
    problem = response.json()
    assert (response.status_code, problem.get("pointer", "")) == (422, pointer), problem


def test_hostile_files_end_soon(api: Api) -> None:
    deep = "select " + "(" * 50_000 + "1" + ")" * 50_000
    changes = [
        file("models/deep.sql", None, deep),
        file("models/cut.sql", "select 1 as a", "select 'a" * 1000),
        file("models/jinja.sql", None, "{% if x %}" * 5000),
        file("models/schema.yml", None, "a: " + "[" * 5000),
        file("f.py", None, "x = " + "(" * 5000),
        file("a.json", None, "[" * 100_000),
        file("a.proto", None, "message A {" * 5000),
        file("a.sql", "\0binary", None),
        file("b.sql", None, "select 1 as smile -- \U0001f600"),
    ]
    answer = ask(api, *changes)
    assert len(answer["unknown"]) >= 8
    assert answer["affected"] == []


def test_the_same_changes_give_the_same_bytes_at_one_watermark(api: Api, ratings: Names) -> None:
    body = json.dumps({"changes": [alter(ratings, "r", "drop column rating"), file("README.md", "a", "b")]})
    answers: dict[int, set[bytes]] = {}
    for _ in range(20):  # other writes, such as findings of the server, may move the watermark
        content = api.http.post(f"/api/v1/impact?at_least={api.written}", content=body).content
        answers.setdefault(json.loads(content)["watermark"], set()).add(content)
    assert all(len(same) == 1 for same in answers.values())
    assert len(answers) < 20


def test_a_page_counts_what_is_left_out(api: Api, ratings: Names) -> None:
    answer = ask(api, alter(ratings, "r", "drop column rating"), limit=2)
    assert (len(answer["affected"]), answer["total"], answer["partial"], answer["reason"]) == (2, 11, True, "limit")
    assert answer["counts"]["possible"] == 5


class Model:
    """A random graph of jobs with and without column lineage, and what a dropped column breaks, by naive search."""

    def __init__(self, rng: random.Random) -> None:
        self.datasets = [f"d{number}" for number in range(8)]
        self.jobs: dict[str, tuple[list[str], str, dict[str, list[str]] | None]] = {}
        for number in range(1, 8):
            inputs = rng.sample(self.datasets[:number], min(number, rng.randint(1, 2)))
            lineage = None
            if rng.random() < 0.75:
                lineage = {field: [f"{rng.choice(inputs)}.{rng.choice('abc')}"] for field in "abc" if rng.random() < 0.8}
                lineage = lineage or None
            self.jobs[f"j{number}"] = (inputs, f"d{number}", lineage)

    def certain(self, column: str) -> set[str]:
        """Names of jobs, datasets and columns that break for certain."""
        broken, found, frontier = {column}, set(), [column]
        while frontier:
            current = frontier.pop()
            for job, (_, output, lineage) in self.jobs.items():
                for field, sources in (lineage or {}).items():
                    if current in sources:
                        found |= {job, output}
                        if f"{output}.{field}" not in broken:
                            broken.add(f"{output}.{field}")
                            frontier.append(f"{output}.{field}")
        return found | (broken - {column})

    def possible(self, column: str) -> set[str]:
        """Names of jobs and datasets that may break: readers without column lineage, and all that follows a broken table."""
        certain = self.certain(column)
        tables = {name for name in certain if name in self.datasets}
        found: set[str] = set()
        for dataset in {each.partition(".")[0] for each in {column, *certain} if "." in each}:
            for job, (inputs, output, lineage) in self.jobs.items():
                if dataset in inputs and lineage is None:
                    found |= {job, output}
                elif dataset in inputs and not self._leads(dataset, job):
                    found.add(job)  # it reads the dataset for something that no output shows
        grown = True
        while grown:
            broken = tables | {name for name in found if name in self.datasets}
            more = {job for job, (inputs, _, _) in self.jobs.items() if broken & set(inputs)}
            more |= {output for job, (_, output, _) in self.jobs.items() if any(self._leads(each, job) for each in broken)}
            grown = not more <= found
            found |= more
        return found - certain - {column.partition(".")[0]}

    def _leads(self, dataset: str, job: str) -> bool:
        """Whether the output of a job is made from a dataset: column lineage names the inputs of an output, if there is any."""
        inputs, _, lineage = self.jobs[job]
        named = {each.partition(".")[0] for sources in (lineage or {}).values() for each in sources}
        return dataset in (named if lineage is not None else inputs)


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_beside_a_naive_model(api: Api, names: Names, seed: int) -> None:
    rng = random.Random(seed)
    model, p = Model(rng), Producer(names)
    events = []
    for job, (inputs, output, lineage) in model.jobs.items():
        facets = columns(p, names, **{field: " ".join(sources) for field, sources in lineage.items()}) if lineage else None
        events.append(run(p, job, [unique(names, each) for each in inputs], unique(names, output), facets))
    api.events(rng.sample(events, len(events)))
    for dataset in model.datasets[:5]:
        for field in "abc":
            column = f"{dataset}.{field}"
            answer = ask(api, alter(names, dataset, f"drop column {field}"))
            shown = {
                name.removeprefix(f"{names.space}-").replace("#", "."): certainty
                for name, (certainty, _) in affected(answer).items()
            }
            certain = {name for name, certainty in shown.items() if certainty == "certain"}
            assert certain == model.certain(column), f"{column} of {model.jobs}"
            possible = {name for name in set(shown) - certain if "." not in name}
            assert possible == model.possible(column), f"{column} of {model.jobs}"
