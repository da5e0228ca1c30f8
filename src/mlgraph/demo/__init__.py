"""The demo company: built by running real tools on real data, then served (docs/demo.md)."""

from mlgraph.demo.serving import run

__all__ = ["run"]
