"""The names of model versions with which other tools refer to them, from where MLflow stores the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors.mlflow import normalise
from mlgraph.domain.facts import EdgeFact

PAYLOADS = Path(__file__).parent / "payloads"


def version(source: str | None = None) -> Any:
    """Return the recorded payload of a version, with another source if it is given."""
    payload = json.loads((PAYLOADS / "model_version.json").read_text("utf-8"))["payload"]
    if source is not None:
        payload["data"]["model_version"]["source"] = source
    return payload


def names(payload: Any) -> set[str]:
    """Return the names that a payload gives to the version that it is about."""
    found = [each for each in normalise(payload) if isinstance(each, EdgeFact) and each.relation == "alias_of"]
    assert {each.target.name for each in found} <= {"ranker/1"}
    return {each.source.name for each in found}


def test_a_version_has_the_names_of_its_logged_model_and_of_the_run_that_logged_it() -> None:
    payload = version()
    (model_id,) = (key for key in payload["data"]["logged_models"] if payload["data"]["model_version"]["source"].endswith(key))
    run = payload["data"]["model_version"]["run_id"]
    assert names(payload) == {f"models:/{model_id}", f"runs:/{run}/ranker"}


def test_a_run_that_logged_several_models_gives_no_name() -> None:
    payload = version()
    run = payload["data"]["runs"][payload["data"]["model_version"]["run_id"]]
    run["outputs"]["model_outputs"].append({"model_id": "m-" + "0" * 32, "step": "0"})
    assert not any(name.startswith("runs:") for name in names(payload)), "which of them has that name is not known"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("s3://models/ranker/9/", "s3://models/ranker/9"),
        (f"mlflow-artifacts:/1/{'0b' * 16}/artifacts/model", f"runs:/{'0b' * 16}/model"),
        (f"runs:/{'0b' * 16}/model", f"runs:/{'0b' * 16}/model"),
        ("/srv/models/ranker", None),
        ("not a location", None),
    ],
)
def test_a_version_has_the_name_of_its_place(source: str, name: str | None) -> None:
    payload = version(source)
    payload["data"]["logged_models"] = {}
    assert names(payload) == ({name} if name else set())


def test_a_copy_has_none_of_the_names_of_its_original() -> None:
    copied = version("models:/ranker/9")
    assert names(copied) == set()
    copied = version()
    copied["data"]["copied_from"] = {"name": "ranker", "version": "9"}
    assert names(copied) == set(), "the original was itself found by its model"
