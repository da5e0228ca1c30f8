"""What the graph knows and Unleash does not show any more, in a comparison of both."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from mlgraph.connectors.unleash.unleash_instance import ORIGIN, UnleashInstance, experiment_of, flag_of, variant_name
from mlgraph.domain.errors import SourceError
from mlgraph.domain.facts import AssetRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Departure, Identity, States

FLAG_KEY: Final = "flag"
"""The kind by which the source adapter fetches a flag."""


class Removals:
    """The part of the `PulledTool` of Unleash about deletions. Unleash reports them as events, unless it was restored."""

    def departures(
        self,
        instance: str,
        known: States,
        existing: Collection[AssetUri],
        identities: Mapping[str, Identity],  # noqa: ARG002 - flags cannot be renamed
        at: int,  # noqa: ARG002 - each departure is confirmed by a request
    ) -> list[Departure]:
        """Return the experiments of flags that Unleash does not list, and the variants that their experiment lacks.

        Raises `SourceError` if Unleash lists no flag at all: that is no proof that all were deleted.
        """
        here = UnleashInstance(instance)
        listed = {uri.name for uri in existing if uri.kind == "experiment"}
        own = sorted(uri for uri in known if uri.namespace == here.namespace)
        experiments = [uri for uri in own if uri.kind == "experiment"]
        if experiments and not listed:
            raise SourceError(
                f"Unleash lists no flags, although {len(experiments)} experiments of it are known: nothing of them ends. "
                "Check that its database and the permissions of the token are those of before; if so, connect it "
                "with another --name"
            )
        variants = [uri for uri in own if uri.kind == "variant" and (flag_of(uri) not in listed or _is_left_over(uri, known))]
        return [Departure(uri) for uri in (*(one for one in experiments if flag_of(one) not in listed), *variants)]

    def source_key(self, uri: AssetUri) -> tuple[str, str] | None:
        """Return kind and id of the flag of an experiment; None for what has no request of its own."""
        flag = flag_of(uri) if uri.kind == "experiment" else None
        return None if flag is None else (FLAG_KEY, flag)

    def deleted(self, uri: AssetUri, at: int) -> dict[str, Any]:
        """Return the payload that asserts the deletion of an asset."""
        instance = uri.namespace.partition(":")[2]
        return {"type": "unleash.deleted", "instance": instance, "data": {"uri": str(uri), "at": format_time(at)}}


def deletion_statements(_: UnleashInstance, data: Located) -> list[Statement]:
    """Return the facts of `unleash.deleted`: {uri, at}."""
    return [AssetRetraction(data.need("uri").uri(), ORIGIN, data.need("at").time())]


def refusal_of(_: UnleashInstance, data: Located) -> list[Statement]:
    """Raise `InvalidInput` for `unleash.refused`: {error}. A part of the API that Unleash refuses is an error of the source."""
    error = data.need("error")
    error.fail(error.text() or "Unleash refuses a part of its API")


def _is_left_over(uri: AssetUri, known: States) -> bool:
    """Return whether a variant is none of its experiment: Unleash was restored from a backup that did not have it."""
    experiment = known.get(experiment_of(uri))
    if experiment is None:
        return True
    variants = experiment.get("properties", {}).get("variants")
    return isinstance(variants, list) and variant_name(uri) not in variants
