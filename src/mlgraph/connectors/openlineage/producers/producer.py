"""The conventions of the producer of an event: which names it gives to what, and what its events report."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from mlgraph.connectors.openlineage.facets import Facets
from mlgraph.connectors.openlineage.name_resolver import NameResolver
from mlgraph.domain.payloads.payload import Located, clean_text
from mlgraph.domain.uri import AssetUri


class EventContent(Enum):
    """What an event reports."""

    PROCESS = "a run or a job, with what it reads and writes"
    CHECK = "a run that checks its inputs: the run, and their state"
    STATE = "the state of the datasets that it lists, of no run"
    NOTHING = "a step within a run that has its own events"


@dataclass(frozen=True)
class Producer(NameResolver):
    """A producer that follows OpenLineage's conventions. A subclass has those of one tool, where they differ."""

    @classmethod
    def recognised(cls, event: Located, scope: str | None) -> Self | None:  # noqa: ARG003
        """Return the producer if the event is one of its events, else None. The event may have any shape."""
        return cls(scope)

    def reports(self, event: Located) -> EventContent:  # noqa: ARG002
        """Return what a run event reports."""
        return EventContent.PROCESS

    def other_names(self, job: Located) -> Collection[AssetUri]:  # noqa: ARG002
        """Return the names under which the producer reports the workflow of `job` as well."""
        return ()

    def other_run_names(self, event: Located) -> Collection[AssetUri]:  # noqa: ARG002
        """Return the names that other documents of the tool give to the run of an event."""
        return ()

    def other_output_names(self, event: Located) -> Collection[AssetUri]:  # noqa: ARG002
        """Return the names that other documents of the tool give to the only output of an event."""
        return ()

    def is_asset(self, item: Located) -> bool:  # noqa: ARG002
        """Return whether an item of `inputs` or `outputs` is an asset."""
        return True

    def unlisted_inputs(self, lineage: Collection[AssetUri]) -> Collection[AssetUri]:  # noqa: ARG002
        """Return those of the sources in the lineage of an output that a run reads even if its inputs do not list them."""
        return ()

    def is_source(self, source: AssetUri, target: AssetUri, inputs: Collection[AssetUri]) -> bool:  # noqa: ARG002
        """Return whether a source in the column lineage of `target` is a dataset; `inputs` are those of the event."""
        return True

    def locations(self, facets: Facets) -> Collection[AssetUri]:  # noqa: ARG002
        """Return the datasets at the locations that the facets of a dataset tell: it is another name of each of them."""
        return ()

    def state(self, uri: AssetUri, state: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Return the state of an asset as its kind has it, from the state of a dataset."""
        return state

    def sources_of(self, output: Located) -> Collection[AssetUri]:  # noqa: ARG002
        """Return the inputs from which an output is made, where the event tells them; nothing: they are not told."""
        return ()


def member(value: object, *path: str) -> object:
    """Return the member at a path of keys in a JSON value; None where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text_at(value: object, *path: str) -> str | None:
    """Return the text at a path of keys in a JSON value; None where there is none that can be a name."""
    found = member(value, *path)
    return found if isinstance(found, str) and found.strip() and clean_text(found) == found else None
