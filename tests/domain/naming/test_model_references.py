"""Model references: which texts name a model version, and that all spellings of a reference have one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.naming.model_references import ModelReference, alias_reference, model_reference
from mlgraph.domain.naming.naming_context import NO_REGISTRY, NamingContext
from mlgraph.domain.payloads.payload import EventDocument
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

M = "m-" + "a1" * 16
RUN = "0b" * 16


@pytest.mark.parametrize(
    ("text", "form", "name"),
    [
        ("models:/ranker/9", "version", "ranker/9"),
        ("models:/ranker/009", "version", "ranker/9"),
        (" models:/main.ml.ranker/9\n", "version", "main.ml.ranker/9"),
        ("models:/zwei Türme/1", "version", "zwei Türme/1"),
        ("models:/ranker@champion", "alias", "ranker@champion"),
        ("models:/a@b@champion", "alias", "a@b@champion"),
        (f"models:/{M}", "logged_model", f"models:/{M}"),
        (f"mlflow-artifacts:/2/models/{M}/artifacts", "logged_model", f"models:/{M}"),
        (f"mlflow-artifacts://host:5000/2/models/{M}/artifacts/", "logged_model", f"models:/{M}"),
        (f"s3://bucket/mlflow/2/models/{M}/artifacts", "logged_model", f"models:/{M}"),
        (f"file:///srv/mlruns/2/models/{M}/artifacts", "logged_model", f"models:/{M}"),
        (f"/srv/mlruns/2/models/{M}/artifacts", "logged_model", f"models:/{M}"),
        (f"runs:/{RUN}/model", "run", f"runs:/{RUN}/model"),
        (f"runs:/{RUN}//nested/model/", "run", f"runs:/{RUN}/nested/model"),
        (f"mlflow-artifacts:/1/{RUN}/artifacts/model", "run", f"runs:/{RUN}/model"),
        (f"s3://bucket/1/{RUN}/artifacts/nested/model", "run", f"runs:/{RUN}/nested/model"),
    ],
)
def test_a_text_that_names_a_version(text: str, form: str, name: str) -> None:
    assert model_reference(text) == ModelReference(form, name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ranker",
        "ranker/9",
        "models:/",
        "models:/ranker",
        "models:/ranker/",
        "models:/ranker/Production",
        "models:/ranker/latest",
        "models:/ranker/9/extra",
        "models://registry/ranker/9",
        "models:/ranker@",
        "models:/@champion",
        "models:/ranker/9?x=1",
        "models:/ran\nker/9",
        "models:/ran\x00ker/9",
        "models:/ran\ud800ker/9",
        "MODELS:/ranker/9",
        "the model is models:/ranker/9",
        "models:/ranker/9 and models:/ranker/10",
        f"runs:/{RUN}",
        f"runs:/{RUN}/",
        f"runs:/{RUN}/../other",
        f"s3://bucket/2/models/{M}/artifacts/MLmodel",
        f"s3://bucket/2/models/{M}",
        f"bucket/2/models/{M}/artifacts",
        f"the model s3://bucket/2/models/{M}/artifacts",
        f"s3://bucket/1/{RUN}/artifacts",
        "s3://bucket/models/ranker",
        "models:/" + "x" * 3000 + "/1",
    ],
)
def test_a_text_that_names_no_version(text: str) -> None:
    assert model_reference(text) is None


def test_a_location_names_a_version_only_where_models_are_stored() -> None:
    found = model_reference("s3a://bucket/models/ranker/", at_location=True)
    assert (
        found
        == ModelReference("location", "s3://bucket/models/ranker")
        == model_reference("s3://bucket/models/ranker", at_location=True)
    )
    assert model_reference(f"gs://b/1/{RUN}/artifacts/model", at_location=True) == ModelReference("run", f"runs:/{RUN}/model")
    for text in ("pvc://claim/model", "/srv/models/ranker", "file:///srv/ranker", "s3://bucket", "postgres://h/d/s/t", "ranker"):
        assert model_reference(text, at_location=True) is None, f"{text}: everybody has another one, or it is no location"


def test_the_names_of_references_are_distinct_from_the_names_of_versions() -> None:
    version = model_reference("models:/ranker/9")
    assert version is not None
    assert version.within("mlflow:prod") == AssetUri("model_version", "mlflow:prod", "ranker/9")
    assert alias_reference("ranker", "champion").within("mlflow:prod").name == "ranker@champion"


def test_without_a_registry_a_reference_is_reported_and_names_nothing() -> None:
    document = EventDocument({"model": "models:/ranker/9", "other": "plain"})
    assert NamingContext(registry="mlflow:prod").model_version(document.need("model")) == AssetUri(
        "model_version", "mlflow:prod", "ranker/9"
    )
    assert NamingContext().model_version(document.need("other")) is None
    assert not len(document.collector), "a text that is no reference needs no registry"
    assert NamingContext().model_version(document.need("model")) is None
    assert [(each.pointer, each.message) for each in document.collector.all()] == [("/model", NO_REGISTRY)]


PIECES = st.lists(
    st.sampled_from(["models:/", "runs:/", "m-", "@", "/", "artifacts", RUN, M, "s3://", "b", "9", "..", " ", "é", "\0", "%2F"]),
    max_size=12,
).map("".join)


@given(text=st.one_of(PIECES, st.text(max_size=60)), at_location=st.booleans())
def test_any_text_has_a_name_that_a_uri_can_contain_or_none(text: str, at_location: bool) -> None:
    found = model_reference(text, at_location=at_location)
    if found is None:
        return
    uri = found.within("mlflow:prod")
    assert AssetUri.parse(str(uri)) == uri
    assert len(str(uri)) < MAX_URI_CHARS
    written = f"models:/{found.name}" if found.form in ("version", "alias") else found.name
    assert model_reference(written, at_location=at_location) == found, "the name is a spelling of the reference"
