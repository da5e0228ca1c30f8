"""The lines of feature_store.yaml with which Feast reports materialisations to mlgraph, and features of runs to MLflow."""

from __future__ import annotations

from typing import Final

from mlgraph.ports.setup_lines import NAME, SERVER, TOKEN, SetupLines

_OPENLINEAGE: Final = (
    "openlineage:",
    "  enabled: true",
    "  transport_type: http",
    f"  transport_url: {SERVER}",
    f"  namespace: {NAME}",
)
_MLFLOW: Final = ("mlflow:", "  enabled: true", "  tracking_uri: <MLFLOW>")
SETUP: Final = (
    SetupLines(
        "feast",
        "feature_store.yaml, with feast[openlineage] installed, and the second block where MLflow is connected",
        (*_OPENLINEAGE, *_MLFLOW),
        (*_OPENLINEAGE, f"  api_key: {TOKEN}", *_MLFLOW),
    ),
)
