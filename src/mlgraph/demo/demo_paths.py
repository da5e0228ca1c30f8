"""Paths of the demo: its data directory, and the environment of MLflow."""

from __future__ import annotations

import importlib.util
import os
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlgraph.domain.errors import StartError

REQUIREMENTS: Final = Path(__file__).with_name("data.txt")
DEFAULT_DATA: Final = Path(".mlgraph") / "demo"
_EXTRA: Final = "install mlgraph with its extra: uv tool install 'mlgraph[demo]', or pip install 'mlgraph[demo]'"


def mlflow_bin() -> Path:
    """Return the folder of executables of the environment that MLflow is installed in.

    This is the environment of mlgraph itself (extra `demo`), or the one that MLGRAPH_MLFLOW names. Raises `StartError` if it
    has no MLflow.
    """
    named = os.environ.get("MLGRAPH_MLFLOW")
    folder = Path(named).absolute() / "bin" if named else Path(sysconfig.get_path("scripts"))
    if not (folder / "mlflow").exists():
        where = f"{named}, which MLGRAPH_MLFLOW names" if named else "the environment of mlgraph"
        raise StartError(
            f"the demo needs MLflow, and there is none in {where}: {_EXTRA} (in a checkout of the sources: make demo)"
        )
    return folder


def check_tools() -> None:
    """Raise `StartError` if MLflow or pip, which the demo runs, is not installed."""
    mlflow_bin()
    if importlib.util.find_spec("pip") is None:
        raise StartError(f"the demo downloads its data with pip, and the environment of mlgraph has no pip: {_EXTRA}")


@dataclass(frozen=True)
class DemoPaths:
    """The folders and files below the demo's data directory."""

    data: Path

    @property
    def graph(self) -> Path:
        """Return the data directory of the mlgraph server."""
        return self.data / "graph"

    @property
    def cache(self) -> Path:
        """Return the folder of the downloaded wheels."""
        return self.data / "cache"

    @property
    def raw(self) -> Path:
        """Return the folder of the published data files."""
        return self.data / "raw"

    @property
    def buckets(self) -> Path:
        """Return the folder that represents the company's buckets."""
        return self.data / "buckets"

    @property
    def mlflow(self) -> Path:
        """Return the folder of the MLflow server: database and artifacts."""
        return self.data / "mlflow"

    @property
    def work(self) -> Path:
        """Return the folder of results and logs of the build."""
        return self.data / "work"

    @property
    def unfinished(self) -> Path:
        """Return the marker file that exists while the company is being built."""
        return self.data / "unfinished"

    @property
    def company(self) -> Path:
        """Return the file that describes the built company and its tour; it exists once the build is complete."""
        return self.data / "company.json"

    def built(self) -> tuple[Path, ...]:
        """Return all folders that a build creates, except the download cache."""
        return self.graph, self.raw, self.buckets, self.mlflow, self.work
