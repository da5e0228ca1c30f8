"""Every connector of mlgraph passes the contract suite as it is registered."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.domain.facts import Contact, Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT
from mlgraph.ports.connector import Connector
from tests.connectors import suite
from tests.connectors.airflow import test_airflow
from tests.connectors.dbt import test_dbt
from tests.connectors.feast import test_feast
from tests.connectors.kubernetes import test_kubernetes
from tests.connectors.mlflow import test_mlflow
from tests.connectors.openlineage import test_contract
from tests.connectors.unleash import test_unleash

SUBJECTS: Final = {
    "openlineage": (test_contract.RECORDINGS, "payload", test_contract.PAGE, test_contract.SECRETIVE, test_contract.SECRETS),
    "dbt": (test_dbt.FOLDER, "payload", test_dbt.PAGE, test_dbt.secretive(), test_dbt.SECRETS),
    "feast": (test_feast.FOLDER, "payload", test_feast.PAGE, test_feast.secretive(), test_feast.SECRETS),
    "kubernetes": (
        test_kubernetes.FOLDER,
        "payload",
        test_kubernetes.PAGE,
        test_kubernetes.secretive(),
        test_kubernetes.SECRETS,
    ),
    "mlflow": (test_mlflow.FOLDER, "payload", test_mlflow.PAGE, test_mlflow.secretive(), test_mlflow.SECRETS),
    "airflow": (test_airflow.FOLDER, "payload", test_airflow.PAGE, test_airflow.secretive(), test_airflow.SECRETS),
    "unleash": (test_unleash.FOLDER, "payload", test_unleash.PAGE, test_unleash.secretive(), test_unleash.SECRETS),
}
"""Recordings, page, and a payload full of secrets of each connector."""
CONTEXTS: Final = {"kubernetes": test_kubernetes.CONTEXT, "unleash": test_unleash.CONTEXT}
"""The settings of the source with which payloads were recorded, for connectors that need some."""


@pytest.mark.parametrize("connector", list(installed_connectors()), ids=lambda connector: connector.name)
def test_a_registered_connector_passes(connector: Connector) -> None:
    assert connector.name in SUBJECTS, "a new connector brings its recordings"
    folder, key, page, secretive, secrets = SUBJECTS[connector.name]

    def normalise(payload: suite.Json) -> list[Statement]:
        return list(connector.normalise(payload, CONTEXTS.get(connector.name, NO_CONTEXT)))

    subject = suite.Subject(connector, normalise, suite.load_recordings(folder, key), page, secretive, secrets)
    suite.check_recordings(subject)
    suite.check_documented(subject)
    suite.check_secrets(replace(subject, normalise=lambda payload: _facts(normalise(payload))))
    for recording in subject.recordings:
        suite.check_payload(subject, recording.payload)
    suite.check_random_mutations(subject, examples=30)


def _facts(statements: list[Statement]) -> list[Statement]:
    """Names and mail of owners go into contacts, as they should: what must not carry them is the facts."""
    return [statement for statement in statements if not isinstance(statement, Contact)]
