"""Where the demo keeps things and finds its tools."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlgraph.domain.errors import StartError

PROJECT: Final = Path(__file__).resolve().parents[3]
REQUIREMENTS: Final = PROJECT / "requirements" / "demo-data.txt"
DEFAULT_DATA: Final = Path(".mlgraph") / "demo"


def mlflow_bin() -> Path:
    """Return the folder with the programs of the environment that MLflow lives in.

    It is `.tools/mlflow/bin` of the project, or that of MLGRAPH_MLFLOW. Raises `StartError` where there is no MLflow.
    """
    named = os.environ.get("MLGRAPH_MLFLOW")
    folder = Path(named) if named else PROJECT / ".tools" / "mlflow"
    if not (folder / "bin" / "mlflow").exists():
        raise StartError(
            f"the demo needs MLflow, and there is none in {folder}: run `make setup`, or name an environment that has it "
            "(see requirements/mlflow.txt) as MLGRAPH_MLFLOW"
        )
    return folder / "bin"


@dataclass(frozen=True)
class Places:
    """The folders and files below the demo's data directory."""

    data: Path

    @property
    def graph(self) -> Path:
        """Return what `mlgraph up` keeps: the store."""
        return self.data / "graph"

    @property
    def cache(self) -> Path:
        """Return the downloaded wheels."""
        return self.data / "cache"

    @property
    def raw(self) -> Path:
        """Return the data as it was published."""
        return self.data / "raw"

    @property
    def buckets(self) -> Path:
        """Return what stands in for the company's buckets."""
        return self.data / "buckets"

    @property
    def mlflow(self) -> Path:
        """Return what the MLflow server keeps."""
        return self.data / "mlflow"

    @property
    def work(self) -> Path:
        """Return results and logs of what was run while building."""
        return self.data / "work"

    @property
    def unfinished(self) -> Path:
        """Return the marker that stands while the company is being built."""
        return self.data / "unfinished"

    @property
    def company(self) -> Path:
        """Return the file that says that the company was built, and what to try."""
        return self.data / "company.json"

    def built(self) -> tuple[Path, ...]:
        """Return everything that building makes, apart from the download."""
        return self.graph, self.raw, self.buckets, self.mlflow, self.work
