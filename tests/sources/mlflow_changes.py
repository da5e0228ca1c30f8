"""What happens to a registry later on. Runs in MLflow's environment after mlflow_company.py, one change a call."""

# mypy: disable-error-code="import-not-found"
import json
import sys

import mlflow
from mlflow import MlflowClient

client = MlflowClient()


def move() -> None:
    client.set_registered_model_alias("ranker", "champion", "2")
    client.set_model_version_tag("ranker", "2", "approved", "yes")


def train() -> None:
    mlflow.set_experiment("retrieval")
    with mlflow.start_run(run_name="later") as run:
        mlflow.log_metric("loss", 0.1)
    sys.stdout.write(json.dumps(run.info.run_id) + "\n")


def remove() -> None:
    client.delete_model_version("ranker", "2")
    client.rename_registered_model("ranker", "home-ranker")
    for run in client.search_runs([sys.argv[2]], "attributes.run_name = 'later'"):
        client.delete_run(run.info.run_id)


def rename() -> None:
    client.rename_registered_model(sys.argv[2], sys.argv[3])


{"move": move, "train": train, "remove": remove, "rename": rename}[sys.argv[1]]()
