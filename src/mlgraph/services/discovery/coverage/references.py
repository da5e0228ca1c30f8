"""References: which running variants and serving deployments name a model version, and whether it is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import MODEL_VERSION, VARIANT_OF, Layer
from mlgraph.services.discovery.coverage.graph_steps import GraphSteps, Pairs
from mlgraph.services.history.asset_states import AssetStates

_TESTED_IN: Final = RELATIONS["tested_in"].code
_VARIANT: Final = KINDS["variant"].code
_RUNNING: Final = frozenset({"running", "active", "started", "live"})
_MOST_TEXTS: Final = 20
"""Texts of one asset that are considered; a variant has one for each strategy."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A variant or deployment that should name a model version: what it names, and which of that no source describes."""

    subject: int
    relation: str
    texts: tuple[str, ...]
    """Its property `references`: the texts with which the tool names versions."""
    named: tuple[int, ...]
    """The assets that edges of `relation` lead from."""
    unknown: tuple[int, ...]
    """Those of `named` that are versions of a model registry which does not have them."""


class References:
    """Finds the references in one version of the graph at a moment (microseconds since the epoch)."""

    def __init__(self, graph: GraphVersion, moment: int, states: AssetStates, registries: Collection[str]) -> None:
        """`registries`: the kinds of model registries; a version is expected to be described if one names it."""
        self._index = graph.asset_index
        self._states = states
        self._registries = frozenset(registries)
        self._steps = GraphSteps(graph, moment)

    def all(self, deployments: Pairs) -> list[Reference]:
        """Return the references of the running variants and of `deployments` (by deployment: what is deployed as it), by URI.

        A deployment without a version counts if it has texts: nothing else says that it serves a model.
        """
        variants = self._running_variants()
        tested = self._steps.ends(variants, _TESTED_IN, "into")
        versions = {one for listed in (*tested.values(), *deployments.values()) for one in listed}
        unknown = self._unknown(versions)
        alone = self._states.reported([one for one, sources in deployments.items() if not sources])
        found: list[Reference] = []
        for variant, state in variants.items():
            found.append(self._reference(variant, "tested_in", state, tested.get(variant, ()), unknown))
        for deployment, sources in deployments.items():
            one = self._reference(deployment, "deployed_as", alone.get(deployment) or {}, sources, unknown)
            if one.named or one.texts:
                found.append(one)
        return sorted(found, key=lambda each: self._index.uri(each.subject))

    def _reference(
        self, subject: int, relation: str, state: Mapping[str, Any], named: Collection[int], unknown: Collection[int]
    ) -> Reference:
        listed = self._steps.ordered(named)
        texts = state.get("properties", {}).get("references")
        given = [text for text in texts if isinstance(text, str)][:_MOST_TEXTS] if isinstance(texts, list) else []
        return Reference(subject, relation, tuple(given), tuple(listed), tuple(one for one in listed if one in unknown))

    def _running_variants(self) -> dict[int, Mapping[str, Any]]:
        """Return the variants that users get, of experiments that say that they run, with their states."""
        parents = self._steps.ends(self._index.of_kind(_VARIANT), VARIANT_OF, "out", Layer.STRUCTURE)
        experiments = self._states.reported({one for listed in parents.values() for one in listed}) if parents else {}
        running = {one for one, state in experiments.items() if _state_of(state) in _RUNNING}
        candidates = [variant for variant, listed in parents.items() if running.intersection(listed)]
        states = self._states.reported(candidates) if candidates else {}
        return {variant: state for variant, state in states.items() if state is not None and _is_given(state)}

    def _unknown(self, assets: Collection[int]) -> set[int]:
        """Return the model versions of registries that no source describes at the moment.

        States are read only of those that the index shows nothing of: these are few.
        """
        candidates = [one for one in assets if self._steps.kind(one) == MODEL_VERSION and self._may_be_unknown(one)]
        return {one for one, state in self._states.reported(candidates).items() if state is None} if candidates else set()

    def _may_be_unknown(self, version: int) -> bool:
        """Return whether a version is one of a registry, and nothing is known now that only its description tells."""
        uri = AssetUri.parse(self._index.uri(version))
        if uri.namespace.partition(":")[0] not in self._registries:
            return False
        shown = self._index.display_attributes(version)
        return shown is None or shown.deleted or not (shown.state or shown.owners or shown.name not in (None, uri.name))


def _state_of(state: Mapping[str, Any] | None) -> str:
    found = (state or {}).get("properties", {}).get("state")
    return found.lower() if isinstance(found, str) else ""


def _is_given(state: Mapping[str, Any]) -> bool:
    """Return whether users get a variant: it has no state that says otherwise, and no weight of 0."""
    return _state_of(state) in {"", *_RUNNING} and state.get("properties", {}).get("weight") != 0
