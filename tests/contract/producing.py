"""A producer of OpenLineage events of one job, and the validity intervals of its edges according to the answers, in minutes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, Final

from mlgraph.domain.timestamps import format_time, parse_time
from tests.contract.serving import Api, Json, Names, Triple

Intervals = list[tuple[int, int | None]]
MIDNIGHT: Final = parse_time("2026-03-01T00:00:00Z")
_SCHEMA: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
_FACET: Final = {"_producer": "https://example.org/producer", "_schemaURL": "https://example.org/facet.json"}


def at(minute: float) -> str:
    """The time `minute` minutes after midnight, as RFC 3339."""
    return format_time(moment(minute))


def moment(minute: float) -> int:
    return MIDNIGHT + round(minute * 60_000_000)


def facet(**answer: Any) -> Json:
    return {**_FACET, **answer}


class Producer:
    """Builds the events of jobs in one namespace."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def run(
        self,
        run: str,
        minute: float,
        state: str = "COMPLETE",
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        *,
        job: str = "job",
        code: str | None = None,
        facets: Json | None = None,
        **more: Any,
    ) -> Json:
        """One event of a run. `inputs` and `outputs` are datasets, "ab" for two of one letter (None: no key)."""
        job_facets = {"sourceCodeLocation": facet(type="git", url="https://example.org/r.git", version=code)} if code else {}
        return {
            "eventType": state,
            "eventTime": at(minute),
            "producer": "https://example.org/producer",
            "schemaURL": _SCHEMA + "RunEvent",
            "run": {"runId": run, "facets": {}},
            "job": {"namespace": self.names.space, "name": job, "facets": job_facets},
            **self._sides(inputs, outputs, facets or {}),
            **more,
        }

    def job(
        self, minute: float, inputs: Sequence[str] | None = None, outputs: Sequence[str] | None = None, *, job: str = "job"
    ) -> Json:
        """A JobEvent: the declared inputs and outputs of a job."""
        return {
            "eventTime": at(minute),
            "producer": "https://example.org/producer",
            "schemaURL": _SCHEMA + "JobEvent",
            "job": {"namespace": self.names.space, "name": job, "facets": {}},
            **self._sides(inputs, outputs, {}),
        }

    def dataset(self, minute: float, name: str, **facets: Json) -> Json:
        """A DatasetEvent with the facets of a dataset."""
        return {
            "eventTime": at(minute),
            "producer": "https://example.org/producer",
            "schemaURL": _SCHEMA + "DatasetEvent",
            "dataset": {**self.named(name), "facets": facets},
        }

    def named(self, name: str) -> Json:
        return {"namespace": self.names.store, "name": name}

    def columns(self, **fields: str) -> Json:
        """A columnLineage facet: field="a.x b.y" lists the input columns of a field."""
        return facet(
            fields={
                field: {
                    "inputFields": [
                        {**self.named(src.partition(".")[0]), "field": src.partition(".")[2]} for src in sources.split()
                    ]
                }
                for field, sources in fields.items()
            }
        )

    def reads(self, name: str, job: str = "job") -> Triple:
        return (self.names.dataset(name), "input_to", self.names.workflow(job))

    def writes(self, name: str, job: str = "job") -> Triple:
        return (self.names.workflow(job), "outputs", self.names.dataset(name))

    def _sides(self, inputs: Sequence[str] | None, outputs: Sequence[str] | None, facets: Json) -> Json:
        sides = {"inputs": inputs, "outputs": outputs}
        return {
            side: [{**self.named(name), "facets": facets.get(name, {})} for name in listed]
            for side, listed in sides.items()
            if listed is not None
        }


def valid_intervals(api: Api, root: str, minutes: Iterable[float], **query: Any) -> dict[Triple, Intervals]:
    """Validity intervals of the edges around `root`, in minutes, from queries at each boundary and one microsecond before it."""
    found: dict[Triple, Intervals] = {}
    before: set[Triple] = set()
    for minute in sorted({*minutes}):
        for instant, opening in ((moment(minute) - 1, False), (moment(minute), True)):
            now = api.edges(root, format_time(instant), direction="both", **query)
            for triple in now - before:
                assert opening, f"{triple} begins between the boundaries, before minute {minute}"
                found.setdefault(triple, []).append((int(minute), None))
            for triple in before - now:
                assert opening, f"{triple} ends between the boundaries, before minute {minute}"
                found[triple][-1] = (found[triple][-1][0], int(minute))
            before = now
    assert api.edges(root, direction="both", **query) == before, "nothing changes after the last boundary"
    return found


def arrive(api: Api, events: list[Json], order: str) -> None:
    """Send events in order, backwards, or shuffled with repetitions, one by one or as a stream."""
    rng = random.Random(order)
    if order == "backwards":
        events = sorted(events, key=lambda event: str(event["eventTime"]), reverse=True)
    elif order != "in order":
        events = rng.sample(events, len(events)) + rng.choices(events, k=3)
    if order in ("in order", "one by one"):
        for event in events:
            api.event(event)
    else:
        cut = rng.randint(0, len(events))
        for part in (events[:cut], events[cut:]):
            api.events(part)
