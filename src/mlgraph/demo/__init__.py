"""The demo company: built by running real tools on real data, then served (docs/demo.md)."""

from mlgraph.demo.demo_server import run

__all__ = ["run"]
