"""The contract suite on the OpenLineage connector: events of the real client, and shapes of other producers."""

from pathlib import Path

import pytest

from mlgraph.connectors.openlineage import CONNECTOR, normalise
from mlgraph.domain.facts import Contact, Statement
from tests.connectors import suite

HERE = Path(__file__).parent
RECORDINGS = HERE / "payloads"
SHAPES = HERE / "shapes"
PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "openlineage.md"
SECRETS = ("hunter2", "t0ken", "k3y", "owner@example.com", "Some Owner", "sq1pw")
SECRETIVE = {
    "eventType": "FAIL",
    "eventTime": "2026-11-02T03:10:00Z",
    "run": {
        "runId": "r1",
        "facets": {
            "environmentVariables": {"environmentVariables": [{"name": "DB_PASSWORD", "value": "hunter2"}]},
            "spark_properties": {"properties": {"spark.hadoop.fs.s3a.secret.key": "k3y"}},
            "airflow": {"dag": {"owner": "Some Owner"}, "task": {"email": ["owner@example.com"]}},
            "errorMessage": {"message": "GET https://api/x?access_token=t0ken failed; mail owner@example.com."},
            "tags": {"tags": [{"key": "api_key", "value": "k3y"}]},
        },
    },
    "job": {
        "namespace": "n",
        "name": "j",
        "facets": {
            "ownership": {"owners": [{"name": "Some Owner <owner@example.com>"}]},
            "documentation": {"description": "Ask owner@example.com, or see https://u:hunter2@wiki/x"},
            "sourceCodeLocation": {"type": "git", "url": "https://bot:hunter2@git.example.com/x"},
        },
    },
    "inputs": [
        {
            "namespace": "postgres://loader:hunter2@warehouse:5432",
            "name": "shop.plays",
            "facets": {"dataSource": {"uri": "jdbc:postgresql://warehouse/shop?user=u&password=sq1pw"}},
        }
    ],
    "outputs": [{"namespace": "https://acct", "name": "blob?sig=t0ken"}],
}


@pytest.fixture
def subject() -> suite.Subject:
    recordings = suite.load_recordings(RECORDINGS)
    return suite.Subject(CONNECTOR, normalise, recordings, PAGE, SECRETIVE, SECRETS)


def test_recorded_events_give_the_recorded_facts(subject: suite.Subject) -> None:
    suite.check_recordings(subject)


def test_events_in_the_shape_of_other_producers_give_the_facts_written_beside_them() -> None:
    for shape in suite.load_recordings(SHAPES):
        assert suite.lines_of(normalise(shape.payload)) == shape.lines, shape.name


def test_the_page_documents_all_that_the_spec_declares(subject: suite.Subject) -> None:
    suite.check_documented(subject)


def test_secrets_and_people_stay_out(subject: suite.Subject) -> None:
    suite.check_secrets(_without_contacts(subject))
    suite.check_people(normalise(SECRETIVE))


def test_the_requirements_for_every_payload(subject: suite.Subject) -> None:
    for recording in (*subject.recordings, *suite.load_recordings(SHAPES)):
        suite.check_payload(subject, recording.payload)


@pytest.mark.parametrize("name", [path.stem for path in sorted((*RECORDINGS.glob("*.json"), *SHAPES.glob("*.json")))])
def test_every_mutation_is_interpreted_or_refused_with_its_place(subject: suite.Subject, name: str) -> None:
    known = {each.name: each for each in (*subject.recordings, *suite.load_recordings(SHAPES))}
    suite.check_every_mutation(subject, known[name].payload)


def test_several_mutations_at_once_too(subject: suite.Subject) -> None:
    suite.check_random_mutations(subject)


def _without_contacts(subject: suite.Subject) -> suite.Subject:
    """Names and mail of owners go into contacts, as they should: what must not carry them is the facts."""

    def facts(payload: suite.Json) -> list[Statement]:
        return [statements for statements in normalise(payload) if not isinstance(statements, Contact)]

    return suite.Subject(subject.connector, facts, subject.recordings, subject.page, subject.secretive, subject.secrets)
