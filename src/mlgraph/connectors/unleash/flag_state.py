"""The state of a flag at one moment: as its events left it, or as Unleash shows it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from mlgraph.connectors.unleash.convention import Tag
from mlgraph.connectors.unleash.strategies import Strategy, strategy_of
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri, person_uri

EXPERIMENT_TYPE: Final = "experiment"


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """A flag in one environment: whether it is on, and its strategies by id."""

    enabled: bool = False
    strategies: Mapping[str, Strategy] = field(default_factory=dict)

    def with_strategy(self, strategy: Strategy) -> EnvironmentState:
        """Return this state with a new or changed strategy."""
        return replace(self, strategies={**self.strategies, strategy.id: strategy})

    def without(self, strategy_id: str) -> EnvironmentState:
        """Return this state without a strategy."""
        return replace(self, strategies={key: one for key, one in self.strategies.items() if key != strategy_id})


_OFF: Final = EnvironmentState()


@dataclass(frozen=True, slots=True)
class FlagState:
    """A flag at one moment. `exists`: it was created, and not deleted since; an archived flag exists."""

    project: str
    name: str
    exists: bool = False
    archived: bool = False
    completed: bool = False
    decision: str = ""
    """How the experiment ended: `kept`, or `discarded`, and the variant that was kept."""
    stale: bool = False
    type: str = ""
    description: str = ""
    impression_data: bool = False
    created_at: str | None = None
    owner: AssetUri | None = None
    tags: frozenset[Tag] = frozenset()
    links: tuple[tuple[str, str], ...] = ()
    """URL and title, sorted."""
    environments: Mapping[str, EnvironmentState] = field(default_factory=dict)

    def environment(self, name: str) -> EnvironmentState:
        """Return the flag in an environment: off, where nothing was reported."""
        return self.environments.get(name, _OFF)

    def with_environment(self, name: str, state: EnvironmentState) -> FlagState:
        """Return this state with another one in an environment."""
        return replace(self, environments={**self.environments, name: state})


def with_metadata(state: FlagState, found: Located) -> FlagState:
    """Return `state` with the members that an event or an answer has about the flag as a whole."""
    found.mapping()
    kind, description = found.typed("type", str), found.typed("description", str)
    stale, impressions = found.typed("stale", bool), found.typed("impressionData", bool)
    created = found.typed("createdAt", str)
    return replace(
        state,
        type=kind.text() if kind else state.type,
        description=description.text() if description else "",
        stale=bool(stale and stale.flag()),
        impression_data=bool(impressions and impressions.flag()),
        created_at=created.text() if created and created.attempt(Located.time) is not None else state.created_at,
    )


def present_state(before: FlagState, feature: Located, tags: frozenset[Tag]) -> FlagState:
    """Return the flag as Unleash shows it now; `before` is what its events tell, which alone know who made it."""
    state = replace(before, exists=True, archived=False, tags=tags, links=links_of(feature.objects("links") or ()))
    state = with_metadata(state, feature)
    lifecycle = feature.typed("lifecycle", dict)
    stage = lifecycle.typed("stage", str) if lifecycle else None
    environments: dict[str, EnvironmentState] = {}
    for each in feature.objects("environments") or ():
        name, enabled = each.need("name").name(), each.typed("enabled", bool)
        listed = [one for found in each.objects("strategies") or () if (one := found.attempt(strategy_of)) is not None]
        environments[name] = EnvironmentState(bool(enabled and enabled.flag()), {one.id: one for one in listed})
    return replace(state, environments=environments, completed=bool(stage and stage.text() == "completed"))


def links_of(listed: Iterable[Located]) -> tuple[tuple[str, str], ...]:
    """Return URL and title of links, sorted."""
    return tuple(sorted(one for each in listed if (one := each.attempt(link_of)) is not None))


def link_of(found: Located) -> tuple[str, str]:
    """Return URL and title of a link."""
    url, title = found.need("url").text(), found.typed("title", str)
    return url, title.text() if title else ""


def tag_of(found: Located) -> Tag:
    """Return type and value of a tag."""
    return found.need("type").text(), found.need("value").text()


def person_of(name: str, user_id: object) -> AssetUri | None:
    """Return the person who made a change; None for tokens and Unleash itself, whose numbers are not positive."""
    is_person = isinstance(user_id, int) and not isinstance(user_id, bool) and user_id > 0
    return person_uri(name) if is_person and name else None
