"""The MLflow objects of a small team, created with MLflow's own client. Runs in MLflow's environment and prints their ids."""

# mypy: disable-error-code="import-not-found, import-untyped"
import json
import sys
import time
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from sklearn.linear_model import LogisticRegression

STARTED_MS = 1_750_000_000_000  # 2025-06-15T15:06:40Z: a history long before its backfill
client = MlflowClient()
made: dict[str, Any] = {}

frame = pd.DataFrame({"user_id": [1, 2, 3, 4] * 5, "age": [20, 31, 45, 52] * 5, "clicked": [0, 1, 0, 1] * 5})
ratings = mlflow.data.from_pandas(frame, source="s3://lake/ratings/daily", name="ratings", targets="clicked")
held_out = mlflow.data.from_pandas(frame.head(8), source="s3://lake/ratings/held-out", name="held_out", targets="clicked")
in_memory = mlflow.data.from_pandas(frame.head(4), name="in_memory")

ranking = client.create_experiment("ranking", tags={"team": "discovery"})
client.set_experiment_tag(ranking, "mlflow.note.content", "Rankers of the home page")
retrieval = client.create_experiment("retrieval")
made["experiments"] = {"ranking": ranking, "retrieval": retrieval}

# A run with original times, two inputs in different roles, a model, nested in a parent run.
parent = client.create_run(ranking, start_time=STARTED_MS, run_name="weekly", tags={"mlflow.user": "ada@example.org"})
child = client.create_run(
    ranking,
    start_time=STARTED_MS + 1000,
    run_name="train-ranker",
    tags={
        "mlflow.parentRunId": parent.info.run_id,
        "mlflow.user": "ada@example.org",
        "mlflow.source.git.commit": "0123abcd",
        "mlgraph.workflow": "airflow/train_ranker",
    },
)
with mlflow.start_run(run_id=child.info.run_id):
    mlflow.log_input(ratings, context="training")
    mlflow.log_input(held_out, context="validation")
    mlflow.log_input(in_memory)
    mlflow.log_params({"C": 0.5, "solver": "lbfgs"})
    mlflow.log_metric("auc", 0.7, step=1)
    mlflow.log_metric("auc", 0.8, step=2)
    model = LogisticRegression().fit(frame[["user_id", "age"]], frame["clicked"])
    logged = mlflow.sklearn.log_model(model, name="ranker", pip_requirements=["scikit-learn"])
client.set_terminated(child.info.run_id, "FINISHED", STARTED_MS + 60_000)
client.set_terminated(parent.info.run_id, "FINISHED", STARTED_MS + 61_000)
made["parent"], made["child"], made["logged"] = parent.info.run_id, child.info.run_id, logged.model_id

# Registered twice: from the LoggedModel (run_id null in the registry) and from the run's artifacts.
client.create_registered_model("ranker", tags={"domain": "home", "reviewed": ""}, description="Ranks the home page")
first = client.create_model_version(
    "ranker", f"models:/{logged.model_id}", description="first", tags={"stage": "ok"}, model_id=logged.model_id
)
second = client.create_model_version("ranker", f"runs:/{child.info.run_id}/ranker", run_id=child.info.run_id)
client.set_registered_model_alias("ranker", "champion", first.version)
client.set_registered_model_alias("ranker", "stable", first.version)
client.set_registered_model_alias("ranker", "challenger", second.version)
made["versions"] = [first.version, second.version]

# A run that uses the registered version and measures it on held-out data.
mlflow.set_experiment("ranking")
with mlflow.start_run(run_name="evaluate-ranker") as evaluation:
    result = mlflow.models.evaluate(
        f"models:/ranker/{first.version}",
        held_out,
        model_type="classifier",
        evaluator_config={"log_explainer": False, "log_model_explainability": False},
    )
made["evaluation"] = evaluation.info.run_id

# Metrics that name both a model and a dataset.
with mlflow.start_run(run_name="measure-ranker") as measured:
    mlflow.log_input(held_out, context="testing")
    mlflow.log_metric("ndcg", 0.41, model_id=logged.model_id, dataset=held_out)
made["measured"] = measured.info.run_id

# A model that nobody registered, a failed run, a run that is still going, a deleted one.
mlflow.set_experiment("retrieval")
with mlflow.start_run(run_name="embed") as embed:
    mlflow.log_input(ratings, context="train")
    made["unregistered"] = mlflow.sklearn.log_model(model, name="embedding", pip_requirements=["scikit-learn"]).model_id
made["embed"] = embed.info.run_id
failed = client.create_run(retrieval, start_time=STARTED_MS + 5000)
client.set_terminated(failed.info.run_id, "FAILED", STARTED_MS + 6000)
killed = client.create_run(retrieval, start_time=STARTED_MS + 7000)
client.set_terminated(killed.info.run_id, "KILLED", STARTED_MS + 8000)
running = client.create_run(retrieval, start_time=STARTED_MS + 9000)
gone = client.create_run(retrieval, start_time=STARTED_MS + 9500)
client.delete_run(gone.info.run_id)
made |= {
    "failed": failed.info.run_id,
    "killed": killed.info.run_id,
    "running": running.info.run_id,
    "gone": gone.info.run_id,
}

for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 0):
    run = client.create_run(retrieval, start_time=STARTED_MS + 100_000 + number)
    client.log_batch(
        run.info.run_id,
        [Metric("loss", 1 / (number + 1), STARTED_MS, 0)],
        [Param("n", str(number))],
        [RunTag("bulk", "1")],
    )
    client.set_terminated(run.info.run_id, "FINISHED", STARTED_MS + 200_000 + number)

made["now_ms"] = int(time.time() * 1000)
sys.stdout.write(json.dumps(made) + "\n")
