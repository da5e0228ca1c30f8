"""The namespace of a feature store is its instance, else the scope of the sender."""

import pytest

from mlgraph.domain.naming.feature_stores import feature_store_namespace, feature_store_object


@pytest.mark.parametrize(
    ("instance", "scope", "namespace"),
    [
        (None, None, "feast"),
        (None, "acme", "feast:acme"),
        ("feast", "acme", "feast:acme"),
        ("prod", "acme", "feast:prod"),
        ("feast:prod", None, "feast:prod"),
        ("localhost:6572", "acme", "feast:acme:localhost:6572"),
    ],
)
def test_namespace(instance: str | None, scope: str | None, namespace: str) -> None:
    assert feature_store_namespace(instance, scope) == namespace


def test_objects_are_within_their_project() -> None:
    assert str(feature_store_object("feature", "feast:fs", "shop", "customers:spent")) == (
        "mlg://feature/feast%3Afs/shop%2Fcustomers%3Aspent"
    )
