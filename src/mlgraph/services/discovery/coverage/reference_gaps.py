"""Gaps of references: why a variant or deployment names no known model version, and the line that mends it."""

from __future__ import annotations

import shlex
from typing import Final

from mlgraph.domain.redaction.json_values import redact_url
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.connections import STOPPED, Connection
from mlgraph.ports.connector import ConnectorRegistry
from mlgraph.services.discovery.coverage.gap_fixes import Gap, naming_line
from mlgraph.services.discovery.coverage.references import Reference

_SHOWN: Final = 3
"""Names listed in one reason."""


class ReferenceGaps:
    """Explains references with the sources as they are connected now."""

    def __init__(self, graph: GraphVersion, connectors: ConnectorRegistry, connections: list[Connection]) -> None:
        self._index = graph.asset_index
        self._connectors = connectors
        self._sources = {f"{each.kind}:{each.name}": each for each in connections if each.state != STOPPED}
        self._registries = [name for name, each in self._sources.items() if each.kind in connectors.registries]

    def gap(self, reference: Reference) -> Gap | None:
        """Return the gap of a reference; None where it names versions that are all known."""
        subject = AssetUri.parse(self._index.uri(reference.subject))
        what = f"{subject.kind} {self._index.name(reference.subject)}"
        if reference.unknown:
            return self._unknown(reference, subject, what)
        if reference.named:
            return None
        if reference.texts:
            return self._without_registry(reference, subject, f"{what} names {_listed(reference.texts)}")
        return Gap("reference", f"{what} names no model", self._naming(reference, subject))

    def _unknown(self, reference: Reference, subject: AssetUri, what: str) -> Gap:
        uris = [self._index.uri(each) for each in reference.unknown]
        namespace = AssetUri.parse(uris[0]).namespace
        kind, _, instance = namespace.partition(":")
        if namespace in self._sources:
            reason = f"{what} names {_listed(uris)}, which {namespace} does not have"
            return Gap("reference", reason, self._naming(reference, subject))
        reason = f"{what} names {_listed(uris)}, and no registry {namespace} is connected"
        return Gap("reference", reason, f"mlgraph connect {kind} '<URL>' --name {shlex.quote(instance)}")

    def _without_registry(self, reference: Reference, subject: AssetUri, names: str) -> Gap:
        source = self._sources.get(subject.namespace)
        if source is None:
            reason = f"{names}, and no source {subject.namespace} is connected, so that its registry is not known"
            return Gap("reference", reason, naming_line(reference.relation, str(subject)))
        if source.registry is not None or len(self._registries) == 1:
            registry = source.registry or self._registries[0]
            reason = f"{names}, and was read before {registry} was the registry of source {source.name}"
            return Gap("reference", reason, f"mlgraph sync {shlex.quote(source.name)}")
        if not self._registries:
            tools = self._connectors.registries
            tool = tools[0] if len(tools) == 1 else "'<TOOL>'"
            line = f"mlgraph connect {tool} '<URL>' && mlgraph sync {shlex.quote(source.name)}"
            return Gap("reference", f"{names}, and no model registry is connected", line)
        reason = f"{names}, and several registries are connected: set registry of source {source.name}"
        choices = f"<{' or '.join(self._registries)}>"
        if source.configured:
            return Gap("reference", reason, f"registry: {choices}  # of the source {source.name} in mlgraph.yaml")
        address = shlex.quote(redact_url(source.url))
        line = f"mlgraph connect {source.kind} {address} --name {shlex.quote(source.name)} --registry {shlex.quote(choices)}"
        return Gap("reference", reason, line)

    def _naming(self, reference: Reference, subject: AssetUri) -> str:
        """Return the line with which the tool itself names a model, or else the fact that says it."""
        remedy = self._connectors.remedy(subject.namespace, "reference")
        return remedy or naming_line(reference.relation, str(subject))


def _listed(names: tuple[str, ...] | list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
