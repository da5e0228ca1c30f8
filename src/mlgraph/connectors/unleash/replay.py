"""Replay of the events of a flag: its state after each of them, in the order in which Unleash numbered them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from mlgraph.connectors.unleash.flag_state import (
    FlagState,
    link_of,
    person_of,
    tag_of,
    with_metadata,
)
from mlgraph.connectors.unleash.strategies import strategy_of
from mlgraph.domain.payloads.payload import Located


class FlagEvent(NamedTuple):
    """An event about a flag: its number in Unleash, its time (microseconds), its type, and the event itself."""

    id: int
    at: int
    type: str
    found: Located


class FlagMoment(NamedTuple):
    """The state of a flag from `at` on (microseconds)."""

    at: int
    state: FlagState


def events_of(listed: Iterable[Located]) -> list[FlagEvent]:
    """Return the events in the order of their numbers, each once; one that cannot be read is left out with a warning."""
    found = (each.attempt(_event) for each in listed)
    by_id = {event.id: event for event in found if event is not None}
    return [by_id[number] for number in sorted(by_id)]


def replay(project: str, flag: str, events: Iterable[FlagEvent]) -> list[FlagMoment]:
    """Return the states of a flag after each of its events that the graph knows.

    Numbers decide the order, and the times increase: where clocks were set back, an event counts from a microsecond after the
    one before it.
    """
    state, at = FlagState(project, flag), 0
    moments: list[FlagMoment] = []
    for event in events:
        apply = _APPLIED.get(event.type)
        changed = event.found.attempt(lambda found, apply=apply, state=state: apply(state, found)) if apply else None  # type: ignore[misc]
        if changed is None or changed == state:
            continue
        at, state = max(event.at, at + 1), changed
        moments.append(FlagMoment(at, state))
    return moments


def _event(found: Located) -> FlagEvent:
    number = found.need("id")
    if isinstance(number.value, bool) or not isinstance(number.value, int) or number.value < 0:
        number.fail("must be the number of an event")
    return FlagEvent(number.value, found.need("createdAt").time(), found.need("type").text(), found)


def _created(state: FlagState, event: Located) -> FlagState:
    creator, user = event.typed("createdBy", str), event.get("createdByUserId")
    owner = person_of(creator.text(), user.value if user else None) if creator else None
    state = FlagState(_project(state, event), state.name, exists=True, owner=owner)
    return with_metadata(state, event.need("data"))


def _metadata(state: FlagState, event: Located) -> FlagState:
    return with_metadata(replace(state, exists=True), event.need("data"))


def _archived(state: FlagState, _: Located) -> FlagState:
    return replace(state, exists=True, archived=True)


def _restored(state: FlagState, _: Located) -> FlagState:
    """Return the flag as it was; Unleash turns it off everywhere when it is revived, without an event of its own."""
    off = {name: replace(one, enabled=False) for name, one in state.environments.items()}
    return replace(state, exists=True, archived=False, environments=off)


def _deleted(state: FlagState, _: Located) -> FlagState:
    return FlagState(state.project, state.name)


def _moved(state: FlagState, event: Located) -> FlagState:
    return replace(state, project=event.need("data").need("newProject").name())


def _strategy_changed(state: FlagState, event: Located) -> FlagState:
    environment = event.need("environment").name()
    return state.with_environment(environment, state.environment(environment).with_strategy(strategy_of(event.need("data"))))


def _strategy_removed(state: FlagState, event: Located) -> FlagState:
    environment = event.need("environment").name()
    return state.with_environment(environment, state.environment(environment).without(event.need("preData").need("id").name()))


def _enabled(state: FlagState, event: Located) -> FlagState:
    return _switched(state, event, on=True)


def _disabled(state: FlagState, event: Located) -> FlagState:
    return _switched(state, event, on=False)


def _switched(state: FlagState, event: Located, *, on: bool) -> FlagState:
    environment = event.need("environment").name()
    return state.with_environment(environment, replace(state.environment(environment), enabled=on))


def _tagged(state: FlagState, event: Located) -> FlagState:
    return replace(state, tags=state.tags | {tag_of(event.need("data"))})


def _untagged(state: FlagState, event: Located) -> FlagState:
    return replace(state, tags=state.tags - {tag_of(event.get("preData") or event.need("data"))})


def _linked(state: FlagState, event: Located) -> FlagState:
    before, link = event.get("preData"), link_of(event.need("data"))
    others = [each for each in state.links if before is None or each != link_of(before)]
    return replace(state, links=tuple(sorted({*others, link})))


def _unlinked(state: FlagState, event: Located) -> FlagState:
    gone = link_of(event.get("preData") or event.need("data"))
    return replace(state, links=tuple(each for each in state.links if each != gone))


def _completed(state: FlagState, event: Located) -> FlagState:
    data = event.typed("data", dict)
    decision = [data.typed(key, str) for key in ("status", "statusValue")] if data else []
    return replace(state, completed=True, decision=" ".join(text.text() for text in decision if text is not None))


def _project(state: FlagState, event: Located) -> str:
    project = event.typed("project", str)
    return project.name() if project else state.project


_APPLIED: Final[Mapping[str, Callable[[FlagState, Located], FlagState]]] = MappingProxyType(
    {
        "feature-created": _created,
        "feature-updated": _metadata,
        "feature-metadata-updated": _metadata,
        "feature-archived": _archived,
        "feature-revived": _restored,
        "feature-deleted": _deleted,
        "feature-project-change": _moved,
        "feature-strategy-add": _strategy_changed,
        "feature-strategy-update": _strategy_changed,
        "feature-strategy-remove": _strategy_removed,
        "feature-environment-enabled": _enabled,
        "feature-environment-disabled": _disabled,
        "feature-tagged": _tagged,
        "feature-untagged": _untagged,
        "feature-link-added": _linked,
        "feature-link-updated": _linked,
        "feature-link-removed": _unlinked,
        "feature-stale-on": lambda state, _: replace(state, stale=True),
        "feature-stale-off": lambda state, _: replace(state, stale=False),
        "feature-completed": _completed,
        "feature-uncompleted": lambda state, _: replace(state, completed=False, decision=""),
    }
)
APPLIED_TYPES: Final = tuple(_APPLIED)
"""The types of events that change what the graph knows of a flag."""
