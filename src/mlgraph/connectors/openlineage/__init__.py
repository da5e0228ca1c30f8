"""The OpenLineage connector: events of any producer become facts (docs/connectors/openlineage.md)."""

from mlgraph.connectors.openlineage.events import normalise
from mlgraph.connectors.openlineage.kept import keep
from mlgraph.connectors.openlineage.specification import SPEC

__all__ = ["SPEC", "keep", "normalise"]
