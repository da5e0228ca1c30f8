"""Records the payloads beside this file again, from a real MLflow server: `python -m tests.connectors.mlflow.record`.

What names the machine is replaced; the facts are what the connector makes of it, to be read before they are kept.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from mlgraph.connectors.mlflow import normalise
from mlgraph.domain.configuration import RequestLimits
from mlgraph.ports.source_adapter import Access
from mlgraph.sources.mlflow.source import MlflowSource
from tests.connectors.suite import lines_of
from tests.realparts.mlflow_server import MLFLOW_BIN, mlflow_server

FOLDER: Final = Path(__file__).parent / "payloads"
COMPANY: Final = Path(__file__).parents[2] / "sources" / "mlflow" / "company.py"


def main() -> None:
    statements = subprocess.run([MLFLOW_BIN / "mlflow", "--version"], capture_output=True, text=True, check=True).stdout
    tool = f"mlflow {statements.split()[-1]}"
    with tempfile.TemporaryDirectory() as folder, mlflow_server(Path(folder)) as server:
        made = json.loads(server.run(COMPANY).splitlines()[-1])
        source = MlflowSource(Access(server.url, "prod", limits=RequestLimits(requests_per_s=500)))
        wanted = {
            "experiment": ("experiment", made["experiments"]["ranking"]),
            "run_that_trains": ("run", made["child"]),
            "run_that_failed": ("run", made["failed"]),
            "run_that_evaluates": ("run", made["evaluation"]),
            "logged_model_unregistered": ("logged_model", made["unregistered"]),
            "registered_model": ("registered_model", "ranker"),
            "model_version": ("model_version", "ranker/1"),
        }
        FOLDER.mkdir(exist_ok=True)
        for name, (kind, key) in wanted.items():
            text = json.dumps(source.fetch(kind, key)).replace(str(COMPANY), "train.py").replace('"root"', '"ada"')
            payload = json.loads(text)
            document = {"tool": tool, "payload": payload, "facts": lines_of(normalise(payload))}
            (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
        source.close()


if __name__ == "__main__":
    main()
