"""A connector: one object that declares what a tool's payloads are and turns them into facts, and the registry of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from mlgraph.domain.errors import Conflict, InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.payload import Located
from mlgraph.domain.sanitizing import sanitize
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.ports.source_adapter import PulledTool, SourceFactory

FACTS: Final = "facts"
CLOUDEVENTS: Final = "cloudevents"
OWN_FORMATS: Final = (FACTS, CLOUDEVENTS)
"""The formats of mlgraph itself: no connector reads them."""
THIN: Final = "thin"
"""The format of dead letters that name what a connected tool is to be asked for again."""
OWN_EVENT_TYPES: Final = ("io.mlgraph.fact", "io.mlgraph.facts")
"""The types of CloudEvents that carry facts: one, or a list."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_RESERVED: Final = frozenset({*OWN_FORMATS, THIN, "config", "mlgraph", "rule", "source"})
"""Names with a meaning of their own as origin, format or metric label."""
_GENERAL: Final = frozenset({"", "application/json", "text/json", "application/octet-stream", "text/plain"})
"""Media types that say nothing about the format."""


def _event(_: Mapping[str, Any]) -> str:
    return "event"


@dataclass(frozen=True, kw_only=True)
class Connector:
    """What one format of payloads is and how it becomes facts. All functions are pure and thread-safe.

    The contract suite (tests/connectors/suite.py) holds a connector to what it declares here.
    """

    name: str
    """Lower-case letters, digits, `-` and `_`. Also the format's name, and the origin of every fact that it emits."""
    event_types: tuple[str, ...]
    """The payloads that it reads, in the tool's own words."""
    kinds: tuple[str, ...]
    """All kinds of the vocabulary that it emits, people and teams aside."""
    relations: tuple[str, ...]
    """All relations of the vocabulary that it emits."""
    redacted: tuple[str, ...] = ()
    """The places of a payload where secrets or personal data are known to be; none of that reaches a fact."""
    normalise: Callable[[object, str | None], Sequence[Statement]]
    """Returns what a decoded payload says. The second argument is the source of the token that it came with: it scopes
    names that mean nothing by themselves (docs/naming.md). Raises `InvalidInput` with the JSON pointer of what is wrong.
    """
    sanitize: Callable[[Located], object] = sanitize
    """Returns the copy of a payload that is stored with its facts: without secrets and personal data."""
    event_id: Callable[[Mapping[str, Any]], str] = _event
    """Returns a text by which people recognise a payload among others; it need not be unique."""
    mentions_in_passing: bool = False
    """Whether it reports datasets because something reads or writes them, under whatever name that uses. Then a mention of a
    name that was renamed away does not make the name an asset again (ADR 0018).
    """
    accepts_events: bool = True
    """Whether payloads can be sent to the server as a format."""
    cloudevent_types: tuple[str, ...] = ()
    """Prefixes of the types of CloudEvents whose data is a payload."""
    media_types: tuple[str, ...] = ()
    """Values of a CloudEvent's `datacontenttype` by which its data is a payload, whatever its type."""
    quick_bytes: int = 0
    """A payload up to this size is normalised within about a millisecond, so that no thread is needed for it."""


@dataclass(frozen=True, kw_only=True)
class PulledConnector(Connector):
    """A connector of a tool that is also asked for its state: `mlgraph connect NAME URL`."""

    tool: PulledTool
    sources: SourceFactory
    settles_s: float = 5.0
    """For how many seconds after a change the tool may still answer as before (its replicas, its caches)."""


class ConnectorRegistry:
    """All connectors of a server, by name. It is complete before the server starts; lookups are thread-safe."""

    def __init__(self, connectors: Iterable[Connector] = ()) -> None:
        """Register each of `connectors`. Raises `InvalidInput` as `register` does."""
        self._connectors: dict[str, Connector] = {}
        for connector in connectors:
            self.register(connector)

    def __iter__(self) -> Iterator[Connector]:
        """Yield the connectors in the order of their registration."""
        return iter(self._connectors.values())

    def register(self, connector: Connector) -> None:
        """Add a connector. Raises `InvalidInput` for a name, kind or relation that cannot be, or for what another one claims."""
        name = connector.name
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{name[:80]!r} is no name of a connector: use lower-case letters, digits, - and _")
        if name in _RESERVED:
            raise InvalidInput(f"the name {name!r} is reserved: give the connector another one")
        if name in self._connectors:
            raise InvalidInput(f"a connector {name!r} is registered already: give one of them another name, or uninstall it")
        for words, known, what in ((connector.kinds, KINDS, "kind"), (connector.relations, RELATIONS, "relation")):
            for word in words:
                if word not in known:
                    raise InvalidInput(f"connector {name!r}: unknown {what} {word!r}; {_hint(word, known, f'{what}s')}")
        self._check_cloudevents(connector)
        self._connectors[name] = connector

    def _check_cloudevents(self, connector: Connector) -> None:
        for prefix in connector.cloudevent_types:
            if any(own.startswith(prefix) for own in OWN_EVENT_TYPES):
                raise InvalidInput(f"connector {connector.name!r}: CloudEvents of type {prefix!r} carry facts; claim another")
        for media in connector.media_types:
            if media in _GENERAL:
                raise InvalidInput(f"connector {connector.name!r}: the media type {media!r} is that of any format; claim another")
        for other in self:
            claimed = [
                f"CloudEvents of type {mine!r}"
                for mine in connector.cloudevent_types
                for theirs in other.cloudevent_types
                if mine.startswith(theirs) or theirs.startswith(mine)
            ]
            claimed += [f"media type {media!r}" for media in connector.media_types if media in other.media_types]
            if claimed:
                raise InvalidInput(f"connector {connector.name!r}: {claimed[0]} is claimed by {other.name!r} already")

    @property
    def formats(self) -> tuple[str, ...]:
        """The names of the connectors whose payloads can be sent."""
        return tuple(each.name for each in self if each.accepts_events)

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the connectors whose tools can be connected."""
        return tuple(each.name for each in self if isinstance(each, PulledConnector))

    @property
    def in_passing(self) -> frozenset[str]:
        """The origins that mention datasets in passing (`Connector.mentions_in_passing`)."""
        return frozenset(each.name for each in self if each.mentions_in_passing)

    def format(self, name: str) -> Connector:
        """Return the connector that reads a format. Raises `InvalidInput` with the known formats."""
        found = self._connectors.get(name)
        if found is None or not found.accepts_events:
            raise InvalidInput(f"unknown format {name[:60]!r}; {_hint(name, self.formats, 'formats of events')}")
        return found

    def tool(self, name: str) -> PulledConnector:
        """Return the connector of a kind of tool. Raises `InvalidInput` with the known ones."""
        found = self._connectors.get(name)
        if not isinstance(found, PulledConnector):
            raise InvalidInput(f"unknown kind of tool {name[:60]!r}; {_hint(name, self.tools, 'kinds of tools')}")
        return found

    def stored_format(self, name: str) -> Connector:
        """Return the connector by which stored payloads came. Raises `Conflict` where it is registered no longer."""
        found = self._connectors.get(name)
        if found is None:
            raise Conflict(_missing(name))
        return found

    def stored_tool(self, name: str) -> PulledConnector:
        """Return the connector by which a stored source was connected. Raises `Conflict` where it is registered no longer."""
        found = self._connectors.get(name)
        if not isinstance(found, PulledConnector):
            raise Conflict(_missing(name))
        return found

    def of_cloudevent(self, event_type: str, media_type: str | None) -> Connector | None:
        """Return the connector that reads the data of a CloudEvent, by its type or else by its `datacontenttype`."""
        accepting = [each for each in self if each.accepts_events]
        for each in accepting:
            if event_type.startswith(each.cloudevent_types):
                return each
        media = (media_type or "").partition(";")[0].strip().lower()
        return next((each for each in accepting if media in each.media_types), None)


def _missing(name: str) -> str:
    return (
        f"the connector {name[:60]!r} is not registered with this server: install the package that has it, restart, and try again"
    )


def _hint(word: str, known: Iterable[str], what: str) -> str:
    names = list(known)
    close = get_close_matches(word, names, n=1)
    listed = ", ".join(names) or "none"
    return f"did you mean {close[0]!r}? The {what} are {listed}" if close else f"the {what} are {listed}"
