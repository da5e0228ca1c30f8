"""Interface of connectors: a connector declares the payloads of one format and converts them into facts. Their registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mlgraph.domain.errors import Conflict, InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.ports.folder_reader import FolderReader
from mlgraph.ports.setup_lines import SetupLines
from mlgraph.ports.source_adapter import PulledTool, SourceFactory

FACTS: Final = "facts"
CLOUDEVENTS: Final = "cloudevents"
OWN_FORMATS: Final = (FACTS, CLOUDEVENTS)
"""The formats of mlgraph itself, which no connector reads."""
THIN: Final = "thin"
"""The format of dead letters that are thin events of a connected tool: a replay fetches the object again."""
OWN_EVENT_TYPES: Final = ("io.mlgraph.fact", "io.mlgraph.facts")
"""The types of CloudEvents that carry one fact, or a list of facts."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_RESERVED: Final = frozenset({*OWN_FORMATS, THIN, "config", "mlgraph", "rule", "source"})
"""Names that are reserved as origin, format or metric label."""
_GENERAL: Final = frozenset({"", "application/json", "text/json", "application/octet-stream", "text/plain"})
"""Media types that do not identify a format."""


def _event(_: Mapping[str, Any]) -> str:
    return "event"


@dataclass(frozen=True, kw_only=True)
class Connector:
    """The declaration of one payload format and its conversion into facts. All functions are pure and thread-safe.

    The contract suite (tests/connectors/suite.py) checks a connector against the fields below.
    """

    name: str
    """Lower-case letters, digits, `-` and `_`. Also the format's name, and the origin of every fact that it emits."""
    event_types: tuple[str, ...]
    """The types of payload that it reads, in the tool's own terms."""
    kinds: tuple[str, ...]
    """All kinds of the vocabulary that it emits, except people and teams."""
    relations: tuple[str, ...]
    """All relations of the vocabulary that it emits."""
    redacted: tuple[str, ...] = ()
    """Locations in a payload that contain secrets or personal data; their values never reach a fact."""
    normalise: Callable[[object, NamingContext], Sequence[Statement]]
    """Returns the statements of a decoded payload. The second argument is what is known of its sender: the scope of ambiguous
    names, the place of tables, the registry of models (docs/naming.md). Raises `InvalidInput` with the JSON pointer of the
    fault; a detail that the payload can do without is left out instead, with a `DetailWarning` among the statements
    (`EventDocument` collects them).
    """
    refers_to_models: bool = False
    """Whether its payloads name versions of a model registry (`NamingContext.model_version`). Others get no registry."""
    sanitize: Callable[[Located], object] = sanitize
    """Returns the copy of a payload that is stored with its facts, without secrets and personal data."""
    redacts: bool = False
    """Whether `normalise` redacts its facts itself. The facts of other connectors are redacted before they are stored."""
    event_id: Callable[[Mapping[str, Any]], str] = _event
    """Returns a text by which people recognise a payload; it need not be unique."""
    mentions_in_passing: bool = False
    """Whether it reports datasets only because a process reads or writes them, under the name that the process uses. If so, a
    mention of a name from which a dataset was renamed does not make that name an asset again (ADR 0018).
    """
    accepts_events: bool = True
    """Whether clients can send payloads of this format to the server."""
    cloudevent_types: tuple[str, ...] = ()
    """Prefixes of CloudEvent types: the data of such an event is a payload of this format."""
    media_types: tuple[str, ...] = ()
    """Values of `datacontenttype`: the data of such a CloudEvent is a payload of this format, for every event type."""
    setup: tuple[SetupLines, ...] = ()
    """The lines with which tools send payloads of this format; one that is only pulled may have lines beside its connection."""
    folder: FolderReader | None = None
    """Reads the files of a tool without a server: `mlgraph connect NAME FOLDER`."""
    quick_bytes: int = 0
    """Payloads up to this size are normalised within about a millisecond and need no thread of their own."""


@dataclass(frozen=True, kw_only=True)
class PulledConnector(Connector):
    """A connector of a tool whose state mlgraph also reads: `mlgraph connect NAME URL`."""

    tool: PulledTool
    sources: SourceFactory
    complete_edges: Mapping[str, tuple[Sequence[str], Sequence[str]]] = field(default_factory=dict)
    """By kind: the relations of the outgoing and of the incoming edges that an answer about such an asset lists completely. Its
    other edges of these relations from this origin end when the answer is recorded.
    """
    namespace_of: Callable[[str, NamingContext], str] | None = None
    """Returns the namespace of the tool's own assets, from the name of the instance and the settings of the source. None: it is
    `NAME:INSTANCE`. The assets of this namespace that the tool no longer lists are deleted.
    """
    registers_models: bool = False
    """Whether the tool is a model registry: references to model versions are looked up in the namespace `NAME:INSTANCE`."""
    settles_s: float = 5.0
    """The number of seconds after a change during which the tool may still return the former state (replicas, caches)."""
    remedies: Mapping[str, str] = field(default_factory=dict)
    """By aspect of coverage (docs/coverage.md): the line for the tool, or for a program that uses it, with which the tool reports
    it. It is shown for what the tool names itself: assets whose namespace is `NAME:INSTANCE`. `reference`: how a variant or a
    deployment names a model version; the connector stores the texts that it finds as the property `references`, none as empty.
    """


class ConnectorRegistry:
    """All connectors of a server, by name. Registration ends before the server starts; lookups are thread-safe."""

    def __init__(self, connectors: Iterable[Connector] = ()) -> None:
        """Register each of `connectors`. Raises `InvalidInput` as `register` does."""
        self._connectors: dict[str, Connector] = {}
        for connector in connectors:
            self.register(connector)

    def __iter__(self) -> Iterator[Connector]:
        """Yield the connectors in the order of their registration."""
        return iter(self._connectors.values())

    def register(self, connector: Connector) -> None:
        """Add a connector. Raises `InvalidInput` for an invalid name, an unknown kind or relation, or a claim that collides."""
        name = connector.name
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{name[:80]!r} is not a valid connector name: use lower-case letters, digits, - and _")
        if name in _RESERVED:
            raise InvalidInput(f"the name {name!r} is reserved: give the connector another one")
        if name in self._connectors:
            raise InvalidInput(f"a connector {name!r} is registered already: give one of them another name, or uninstall it")
        for terms, known, noun in ((connector.kinds, KINDS, "kind"), (connector.relations, RELATIONS, "relation")):
            for term in terms:
                if term not in known:
                    raise InvalidInput(f"connector {name!r}: unknown {noun} {term!r}; {_hint(term, known, f'{noun}s')}")
        self._check_cloudevents(connector)
        self._connectors[name] = connector

    def _check_cloudevents(self, connector: Connector) -> None:
        for prefix in connector.cloudevent_types:
            if any(own.startswith(prefix) for own in OWN_EVENT_TYPES):
                raise InvalidInput(
                    f"connector {connector.name!r}: CloudEvents of type {prefix!r} carry facts; claim another type"
                )
        for media in connector.media_types:
            if media in _GENERAL:
                raise InvalidInput(
                    f"connector {connector.name!r}: the media type {media!r} does not identify a format; claim another one"
                )
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
        """The names of the connectors that accept payloads from clients."""
        return tuple(each.name for each in self if each.accepts_events)

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the connectors of tools that can be connected."""
        return tuple(each.name for each in self if isinstance(each, PulledConnector))

    @property
    def registries(self) -> tuple[str, ...]:
        """The names of the connectors of model registries."""
        return tuple(each.name for each in self if isinstance(each, PulledConnector) and each.registers_models)

    def remedy(self, namespace: str, aspect: str) -> str | None:
        """Return the line with which the tool that names the assets of a namespace reports an aspect of coverage."""
        connector = self._connectors.get(namespace.partition(":")[0])
        return connector.remedies.get(aspect) if isinstance(connector, PulledConnector) else None

    @property
    def in_passing(self) -> frozenset[str]:
        """The origins of connectors with `Connector.mentions_in_passing`."""
        return frozenset(each.name for each in self if each.mentions_in_passing)

    def format(self, name: str) -> Connector:
        """Return the connector of a format. Raises `InvalidInput` with the known formats."""
        found = self._connectors.get(name)
        if found is None or not found.accepts_events:
            raise InvalidInput(f"unknown format {name[:60]!r}; {_hint(name, self.formats, 'formats of events')}")
        return found

    def tool(self, name: str) -> PulledConnector:
        """Return the connector of a kind of tool. Raises `InvalidInput` with the known kinds."""
        found = self._connectors.get(name)
        if not isinstance(found, PulledConnector):
            raise InvalidInput(f"unknown kind of tool {name[:60]!r}; {_hint(name, self.tools, 'kinds of tools')}")
        return found

    def stored_format(self, name: str) -> Connector:
        """Return the connector of a format of stored payloads. Raises `Conflict` where it is no longer registered."""
        found = self._connectors.get(name)
        if found is None:
            raise Conflict(_missing(name))
        return found

    def stored_tool(self, name: str) -> PulledConnector:
        """Return the connector of a stored source. Raises `Conflict` where it is no longer registered."""
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
    return f"the connector {name[:60]!r} is not registered with this server: install its package, restart, and try again"


def _hint(term: str, known: Iterable[str], nouns: str) -> str:
    names = list(known)
    listed = ", ".join(names) or "none"
    hint = did_you_mean(term, names, "")
    return f"{hint} The {nouns} are {listed}" if hint else f"the {nouns} are {listed}"
