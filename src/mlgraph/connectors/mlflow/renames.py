"""Renames of registered models, which MLflow does not report."""

from __future__ import annotations

from collections.abc import Mapping

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, entries
from mlgraph.domain.facts import AssetRetraction, EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.ports.source_adapter import Identity


def renames(before: Mapping[str, Identity], after: Mapping[str, Identity]) -> list[tuple[str, str]]:
    """Return (old, new) for each model of `before` that has a new name in `after`: same creation time and shared versions.

    Versions may have been added or deleted since. If several candidates match, none is chosen. A new name that is in `before`
    already, because it was reported before the end of the old one, must share a version with the old name.
    """
    found: list[tuple[str, str]] = []
    for old in sorted(set(before) - set(after)):
        was = before[old]
        same = [
            new
            for new, now in after.items()
            if now.created == was.created and (was.parts & now.parts or (new not in before and not was.parts))
        ]
        found += [(old, same[0])] if len(same) == 1 else []
    return found


def rename_statements(instance: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.renamed`: {from, to, versions, at, since?}. The old names end and become aliases of the new.

    The alias starts a microsecond later, because a retraction closes all edges of the asset that opened at or before its time.
    MLflow reports the object with its new name and with times before the rename, so from `since` until the rename the new name
    is an alias of the old one.
    """
    old, new, at, since = data.need("from").name(), data.need("to").name(), data.need("at").time(), data.get("since")
    numbers = [each.name() for each in entries(data, "versions")]
    pairs = [(instance.uri("model", old), instance.uri("model", new))]
    pairs += [(instance.uri("model_version", f"{old}/{n}"), instance.uri("model_version", f"{new}/{n}")) for n in numbers]
    statements: list[Statement] = []
    for was, now in pairs:
        statements += [AssetRetraction(was, ORIGIN, at), EdgeRetraction(now, "alias_of", was, ORIGIN, at)]
        statements.append(EdgeFact(was, "alias_of", now, ORIGIN, at + 1))
        if since and since.time() < at:
            statements.append(EdgeFact(now, "alias_of", was, ORIGIN, since.time(), at))
    return statements
