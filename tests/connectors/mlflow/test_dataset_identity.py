"""Which dataset inputs are one dataset, by what their sources say (docs/connectors/mlflow.md, Datasets)."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.connectors import openlineage
from mlgraph.connectors.mlflow import normalise
from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.connectors.mlflow.tracking.dataset_identity import ReportedDataset, dataset_uri
from mlgraph.domain.facts import EdgeFact

INSTANCE = MlflowInstance("prod")


def named(source: object, name: str = "dataset", digest: str | None = "d1", experiment: str = "1") -> str:
    return str(dataset_uri(INSTANCE, ReportedDataset(name, digest, source, experiment)))


def uri(namespace: str, name: str) -> str:
    return f"mlg://dataset/{quote(namespace, safe='-._~')}/{quote(name, safe='-._~')}"


def own(name: str) -> str:
    return uri("mlflow:prod", name)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"uri": "s3a://lake/a/b/"}, uri("s3://lake", "a/b")),
        ({"uri": "gs://lake/a"}, uri("gs://lake", "a")),
        ({"path": "s3://lake/table", "delta_table_version": 3}, uri("s3://lake", "table")),
        ({"delta_table_name": "delta.`s3a://lake/table`", "delta_table_version": 3}, uri("s3://lake", "table")),
        ({"path": "/data/x.csv"}, uri("file", "/data/x.csv")),
        ({"uri": "file:///data/x.csv"}, uri("file", "/data/x.csv")),
        ({"path": "/Volumes/main/crm/files/x.csv"}, uri("dbfs", "/Volumes/main/crm/files/x.csv")),
        ({"url": "https://user:pw@Example.org/x.csv"}, uri("https://example.org", "x.csv")),
        ({"url": "postgresql://u:p@db/shop", "table": "public.orders"}, uri("postgres://db:5432", "shop.public.orders")),
        ({"uri": "postgresql://db/shop.public.orders"}, uri("postgres://db:5432", "shop.public.orders")),
        ({"table": "snowflake://org-acc/DB/S/T"}, uri("snowflake://org-acc", "DB.S.T")),
        ({"path": "parquet", "data_files": "s3://lake/x.parquet", "split": "train"}, uri("s3://lake", "x.parquet")),
        ({"uri": "ftp://u:pw@Files.example.org/a/b.csv"}, uri("ftp://files.example.org", "a/b.csv")),
        ("s3://lake/a", uri("s3://lake", "a")),
        ("/data/x.csv", uri("file", "/data/x.csv")),
    ],
)
def test_a_place_has_the_name_of_other_tools_whatever_name_digest_and_experiment_are(source: object, expected: str) -> None:
    assert named(source) == named(source, "ratings", "d2", "7") == expected


@pytest.mark.parametrize(
    ("namespace", "name", "source"),
    [
        ("s3://lake", "a/b", {"uri": "s3a://lake/a/b"}),
        ("gs://lake", "a/b", {"path": "gs://lake/a/b", "delta_table_version": 1}),
        ("postgres://db:5432", "shop.public.orders", {"url": "postgresql://db/shop", "table": "public.orders"}),
        ("file", "/data/x.csv", {"uri": "/data/x.csv"}),
    ],
)
def test_an_input_of_openlineage_and_one_of_mlflow_are_one_asset(namespace: str, name: str, source: Any) -> None:
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-22T00:00:00Z",
        "run": {"runId": "r"},
        "job": {"namespace": "n", "name": "j"},
        "inputs": [{"namespace": namespace, "name": name}],
    }
    reported = [
        each.source for each in openlineage.normalise(event) if isinstance(each, EdgeFact) and each.relation == "input_to"
    ]
    assert [str(each) for each in reported] == [named(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"delta_table_name": "Main.crm.`Customers`", "delta_table_version": 3}, "table:main.crm.customers"),
        ({"table_name": "main.crm.customers"}, "table:main.crm.customers"),
        ({"dataset_id": "d-0123"}, "dataset:d-0123"),
        ({"uri": "runs:/0123/data.csv"}, "runs:/0123/data.csv"),
        ({"uri": "mlflow-artifacts:/1/0123/artifacts/data.csv"}, "mlflow-artifacts:/1/0123/artifacts/data.csv"),
    ],
)
def test_a_table_or_artifact_without_its_place_is_one_within_the_instance(source: object, expected: str) -> None:
    assert named(source) == named(source, "ratings", "d2", "7") == own(expected)


def test_a_dataset_of_the_hugging_face_hub_is_its_path_with_what_selects_a_part() -> None:
    source = {"path": "imdb", "config_name": "plain", "split": "train", "revision": None, "data_dir": None, "data_files": None}
    assert named(source) == named(source, "n", "d2", "7") == uri("hf://datasets", "imdb?config_name=plain&split=train")
    assert named({"path": "imdb", "split": "None"}) == uri("hf://datasets", "imdb")


def test_a_relative_path_is_a_file_of_its_experiment() -> None:
    assert named({"uri": "data/x.csv"}) == named({"uri": "./data//x.csv"}, "n", "d2") == own("file:1/data/x.csv")
    assert named({"uri": "file:data/x.csv"}) == own("file:1/data/x.csv")
    assert named({"uri": "data/x.csv"}, experiment="2") == own("file:2/data/x.csv")


@pytest.mark.parametrize(
    "source",
    [
        None,
        {},
        [],
        ["no object"],
        "half a docum",
        "note: half",
        {"tags": {}},
        {"tags": {"mlflow.source.name": "a.py"}},
        {"uri": ""},
    ],
)
def test_without_a_source_a_dataset_is_its_name_and_digest_in_any_experiment(source: object) -> None:
    assert named(source) == named(source, experiment="2") == own("dataset@d1")
    assert named(source, digest="d2") == own("dataset@d2")
    assert named(source, digest=None) == own("dataset@experiment:1")


DIFFERENT: list[object] = [
    {"uri": "s3://lake/a"},
    {"uri": "s3://lake/b"},
    {"uri": "data/a.csv"},
    {"uri": "data/b.csv"},
    {"uri": "C:\\data\\a.csv"},
    {"delta_table_name": "main.crm.a", "delta_table_version": 1},
    {"delta_table_name": "main.media.a", "delta_table_version": 1},
    {"path": "imdb", "config_name": "a", "split": "train"},
    {"path": "imdb", "config_name": "a", "split": "test"},
    {"path": "imdb", "config_name": "b", "split": "train"},
    {"path": "imdb", "config_name": "a", "split": "train", "revision": "r1"},
    {"path": "imdb", "config_name": "a", "split": "train", "data_files": ["x"]},
    {"path": "squad", "config_name": "a", "split": "train"},
    {"path": "csv", "data_files": "a.csv", "split": "train"},
    {"path": "csv", "data_files": ["b.csv"], "split": "train"},
    {"sql": "SELECT 1"},
    {"sql": "SELECT 2"},
    {"query": "SELECT 1", "url": "postgresql://db/shop"},
    {"query": "SELECT 1", "url": "postgresql://db/crm"},
    {"url": "https://example.org/a"},
    {"url": "https://example.org/b"},
    {"dataset_id": "d-1"},
    {"dataset_id": "d-2"},
    {"tags": {}},
]


@pytest.mark.parametrize(("one", "two"), list(combinations(DIFFERENT, 2)))
def test_inputs_called_dataset_with_different_sources_are_different(one: object, two: object) -> None:
    assert named(one) != named(two)
    assert named(one) == named(one)


def test_the_spelling_of_a_query_does_not_matter() -> None:
    assert named({"sql": "SELECT *\n  FROM t "}) == named({"sql": "SELECT * FROM t"})


def test_a_very_long_name_is_cut_and_ends_in_its_digest() -> None:
    one, two = (named({"uri": f"s3://lake/{'é' * 4000}{end}"}) for end in "ab")
    assert one != two
    assert len(one) < 8192


SOURCES = st.dictionaries(
    st.sampled_from(["uri", "url", "path", "table", "table_name", "sql", "query", "split", "data_files", "dataset_id", "tags"]),
    st.one_of(st.none(), st.text(max_size=40), st.lists(st.text(max_size=5), max_size=2), st.integers()),
    max_size=4,
)


@given(st.one_of(SOURCES, st.text(max_size=60), st.none()), st.text("ab", min_size=1, max_size=3))
def test_any_source_gives_a_dataset(source: object, digest: str) -> None:
    payload = {
        "type": "mlflow.run",
        "instance": "prod",
        "data": {
            "run": {
                "info": {"run_id": "r", "status": "RUNNING", "start_time": 5, "experiment_id": "1"},
                "inputs": {"dataset_inputs": [{"dataset": {"name": "dataset", "digest": digest, "source": json.dumps(source)}}]},
            }
        },
    }
    edges = [each for each in normalise(payload) if isinstance(each, EdgeFact) and each.relation == "input_to"]
    assert [each.source.kind for each in edges] == ["dataset"]
