"""Later changes of the MLflow server. Runs in MLflow's environment after company.py, one change a call."""

# mypy: disable-error-code="import-not-found, import-untyped"
import json
import sys

import mlflow
import pandas as pd
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


def train_on_files() -> None:
    """Train a version from a file of the machine, and from a table of its own database."""
    frame = pd.DataFrame({"user_id": [1, 2], "clicked": [0, 1]})
    mlflow.set_experiment("retrieval")
    tags = {"openlineage.job.namespace": "default", "openlineage.job.name": "nightly"}
    with mlflow.start_run(run_name="on files", tags=tags) as run:
        for path in sys.argv[2:]:
            frame.to_csv(path)
            mlflow.log_input(mlflow.data.from_pandas(frame, source=path, name=path), context="training")
    if not client.search_registered_models("name = 'local'"):
        client.create_registered_model("local")
    client.create_model_version("local", f"runs:/{run.info.run_id}/model", run_id=run.info.run_id)
    sys.stdout.write(json.dumps(run.info.run_id) + "\n")


def remove() -> None:
    client.delete_model_version("ranker", "2")
    client.rename_registered_model("ranker", "home-ranker")
    for run in client.search_runs([sys.argv[2]], "attributes.run_name = 'later'"):
        client.delete_run(run.info.run_id)


def rename() -> None:
    client.rename_registered_model(sys.argv[2], sys.argv[3])


{"move": move, "train": train, "train_on_files": train_on_files, "remove": remove, "rename": rename}[sys.argv[1]]()
