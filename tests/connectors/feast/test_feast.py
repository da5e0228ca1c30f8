import json
from pathlib import Path
from typing import Any

from mlgraph.connectors import feast
from mlgraph.connectors.feast import normalise
from mlgraph.sources.feast.factory import FeastSources
from tests.connectors import suite

FOLDER = Path(__file__).parent / "payloads"
PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "feast.md"
SECRETS = ("hunter2", "sk-12345", "tok-999", "s3cr3t", "ZGFuZ2Vy")


def recorded(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["payload"]
    return payload


def secretive() -> dict[str, Any]:
    payload = recorded("view_on_demand")
    spec = payload["data"]["view"]["spec"]
    spec["tags"] = {"api_key": "sk-12345", "link": "https://example.org/?token=tok-999"}
    spec["description"] = "see https://ci:hunter2@git.example.org/x.git"
    spec["batchSource"] = {
        "type": "BATCH_SNOWFLAKE",
        "name": "q",
        "snowflakeOptions": {"query": "SELECT * FROM T WHERE PASSWORD = 's3cr3t'"},
    }
    spec["featureTransformation"]["userDefinedFunction"] = {"name": "f", "body": "ZGFuZ2Vy", "bodyText": "KEY = 'sk-12345'"}
    return payload


def test_contract_suite() -> None:
    recordings = suite.load_recordings(FOLDER)
    suite.check_all(suite.Subject(feast.connector(FeastSources()), normalise, recordings, PAGE, secretive(), SECRETS))
