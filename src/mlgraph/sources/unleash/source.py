"""The Unleash source adapter: all flags with their histories, those that events name, and the applications."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeVar

from mlgraph.connectors.unleash.removals import FLAG_KEY
from mlgraph.connectors.unleash.unleash_instance import UnleashInstance
from mlgraph.connectors.unleash.webhooks import SENT_EVENTS
from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, CircuitState, Cursor, Gone, Identity, Payload, ProbeResult, SourcePage
from mlgraph.sources.http import Json, RequestRefused, RetryPolicy
from mlgraph.sources.unleash.api import UnleashApi, connect, each, number_of, place, text_of
from mlgraph.sources.unleash.changes import ChangedFlags, changed_flags
from mlgraph.sources.unleash.payloads import UnleashPayloads, project_of

_Item = TypeVar("_Item")

STAGES: Final = ("flag", "archived", "deleted", "application")
"""The order of reading: flags in use, archived ones, and those of which only events are left; then applications."""
APPLICATION_KEY: Final = "application"
_FLAGS_AT_ONCE: Final = 20
"""The flags of one page of a reading: the unit in which an interrupted one continues."""
_OLDEST_MAJOR: Final = 7
_HOUR_S: Final = 3600
_COUNTS_LATE_S: Final = 300


class UnleashSource:
    """One Unleash server. `fetch` is thread-safe; all other methods are for one thread at a time."""

    name: Final = "unleash"

    def __init__(self, access: Access, *, retries: RetryPolicy | None = None, clock: Callable[[], float] = time.time) -> None:
        """Open connections to the server at `access`. Raises `InvalidInput` if its address is not a URL."""
        self._api = UnleashApi(connect(access, retries))
        self._url = place(access.url)
        self._instance = access.instance or self._url
        self._names = UnleashInstance(self._instance)
        self._payloads = UnleashPayloads(self._api, self._instance, clock)
        self._clock = clock
        self._applications: dict[str, str] = {}
        """The last known content of each application, without the time at which it was last seen."""

    @property
    def instance(self) -> str:
        """The name of this server in the namespace `unleash:INSTANCE`."""
        return self._instance

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._api.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def probe(self) -> ProbeResult:
        """Test the connection: return the version and the number of flags in use and archived.

        Raises `SourceError` if the server is not an Unleash server of a supported version, or rejects the token.
        """
        version = self._checked_version()
        (_, used), (_, archived) = self._api.flags(0, archived=False), self._api.flags(0, archived=True)
        return ProbeResult(version, {"flags": used, "archived flags": archived})

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the payload of a flag (`PROJECT/FLAG`).

        A flag that does not exist has one as long as there are events of it: they say when it was deleted. Raises `SourceError`
        where Unleash fails, or does not show the project, and `InvalidInput` for an unknown kind.
        """
        if kind != FLAG_KEY:
            raise InvalidInput(f"Unleash has no {kind[:60]!r}: the kind is {FLAG_KEY}")
        project, _, name = id.partition("/")
        found = self._found(name)
        if found is not None:
            return self._payloads.flag(project_of(found[0]), name, archived=found[1])
        if any(text_of(one, "id") == project for one in self._api.projects()):
            payload = self._payloads.flag(project, name, archived=True)
            if payload["data"]["events"]:
                return {**payload, "data": {key: value for key, value in payload["data"].items() if key != "archived"}}
            return Gone(kind, id, None)
        raise SourceError(
            f"Unleash at {self._url} does not show the project {project[:80]!r}: it was deleted, or the token may not see it; "
            "what is known of its flags stays as it is"
        )

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        """Yield all flags and applications in the order of `STAGES`; resumable after any page.

        A cursor of `changed_since` is not a cursor of `pages`: the listing starts from scratch.
        """
        at: Cursor = dict(cursor) if cursor and "stage" in cursor else {"stage": STAGES[0], **self._begin()}
        start = {key: at[key] for key in ("event", "event_at", "hour")}
        yield from self._read_all(start, at["stage"], int(at.get("offset", 0)))

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        """Yield the flags of new events, new applications, and once an hour the flags that applications count.

        If Unleash lost events that were read before, it was restored from a backup: all flags are read, and what the graph
        knows of them beyond the events that are left ends now.
        """
        at: Cursor = dict(cursor) if cursor and "event" in cursor else self._begin()
        following, seen = self._begin(at), self._payloads.newest
        try:
            changed = changed_flags(self._api, (int(at["event"]), str(at["event_at"])), seen)
        except RequestRefused:
            self._payloads.attempt("events", lambda: self._api.events(0, 1)[0])
            changed = ChangedFlags({}, lost=False)
        if changed.lost:
            self._payloads.newest = (0, "")
            yield from self._read_all(following, STAGES[0], 0, restored_at=self._payloads.now())
            return
        wanted = dict(changed.flags)
        if following["hour"] != at.get("hour"):
            wanted = {**self._payloads.measured, **wanted}
        for group in _groups(sorted(wanted)):
            payloads = [one for name in group if isinstance(one := self.fetch(FLAG_KEY, f"{wanted[name]}/{name}"), dict)]
            yield SourcePage(payloads, at, False, FLAG_KEY, len(payloads))  # noqa: FBT003 - done=False
        payloads = [*self._changed_applications(), *self._payloads.refusals()]
        yield SourcePage(payloads, following, True, APPLICATION_KEY, len(payloads))  # noqa: FBT003 - done=True

    def inventory(self) -> Iterator[AssetUri]:
        """Yield a URI for each existing flag, archived ones too; experiments are the flag's name in an environment."""
        for archived in (False, True):
            for flag in each(partial(self._api.flags, archived=archived)):
                yield self._names.flag(project_of(flag), text_of(flag, "name"))

    def identities(self) -> dict[str, Identity]:
        """Return nothing: Unleash cannot rename a flag."""
        return {}

    def subscribe(self, url: str, secret: str) -> str:
        """Create the integration `webhook` to `url`, with `secret` as its header Authorization; return its number.

        The one that was created for `url` before is replaced. Unleash masks URLs, so that its description has it.
        """
        description = f"reports changes of flags to mlgraph at {url}"
        body: Json = {
            "provider": "webhook",
            "description": description,
            "enabled": True,
            "parameters": {"url": url, "authorization": secret, "contentType": "application/json"},
            "events": list(SENT_EVENTS),
            "projects": [],
            "environments": [],
        }
        known = [one for one in self._api.integrations() if one.get("description") == description]
        made = self._api.change_integration(number_of(known[0]), body) if known else self._api.create_integration(body)
        return str(number_of(made))

    def _read_all(self, start: Cursor, first: str, offset: int, restored_at: int | None = None) -> Iterator[SourcePage]:
        self._checked_version()
        for stage in STAGES[STAGES.index(first) :]:
            for group in _groups(self._listed(stage)[offset:]):
                payloads = [one for item in group if (one := self._payload(stage, item, restored_at)) is not None]
                offset += len(group)
                yield SourcePage(payloads, {**start, "stage": stage, "offset": offset}, False, stage, offset)  # noqa: FBT003
            offset = 0
        payloads = self._payloads.refusals()
        end = {**start, "stage": STAGES[-1], "offset": len(self._applications)}
        yield SourcePage(payloads, end if restored_at is None else start, True, STAGES[-1], offset)  # noqa: FBT003

    def _listed(self, stage: str) -> list[Json]:
        if stage in ("flag", "archived"):
            return list(each(partial(self._api.flags, archived=stage == "archived")))
        if stage == APPLICATION_KEY:
            return self._payloads.attempt("applications", lambda: list(each(self._api.applications))) or []
        deletions = self._payloads.attempt("events", lambda: list(each(partial(self._api.events, kind="feature-deleted"))))
        existing = {text_of(one, "name") for archived in ("flag", "archived") for one in self._listed(archived)}
        gone = {text_of(one, "featureName"): one for one in deletions or () if one.get("project")}
        return [gone[name] for name in sorted(gone.keys() - existing)]

    def _payload(self, stage: str, item: Json, restored_at: int | None) -> Payload | None:
        if stage == APPLICATION_KEY:
            self._applications[text_of(item, "appName")] = _content(item)
            return self._payloads.application(item)
        if stage == "deleted":
            found = self.fetch(FLAG_KEY, f"{project_of(item)}/{text_of(item, 'featureName')}")
            return found if isinstance(found, dict) else None
        return self._payloads.flag(project_of(item), text_of(item, "name"), archived=stage == "archived", restored_at=restored_at)

    def _found(self, name: str) -> tuple[Json, bool] | None:
        """Return a flag by its name, which is unique in all projects, and whether it is archived; None if there is none."""
        for archived in (False, True):
            for flag in each(partial(self._api.flags, archived=archived, query=name)):
                if flag.get("name") == name:
                    return flag, archived
        return None

    def _changed_applications(self) -> Iterator[Payload]:
        for item in self._listed(APPLICATION_KEY):
            name, content = text_of(item, "appName"), _content(item)
            if self._applications.get(name) != content:
                self._applications[name] = content
                yield self._payloads.application(item)

    def _begin(self, before: Cursor | None = None) -> Cursor:
        """Return the cursor of changes from now on: number and time of the newest event, and the hour of the newest counts.

        While Unleash refuses its events, as it does during its start, the event is that of the cursor `before`.
        """
        newest = self._payloads.attempt("events", lambda: self._api.events(0, 1)[0])
        hour = int((self._clock() - _COUNTS_LATE_S) // _HOUR_S)
        if newest is None and before is not None:
            return {"event": before["event"], "event_at": before["event_at"], "hour": hour}
        number, at = (number_of(newest[0]), text_of(newest[0], "createdAt")) if newest else (0, "")
        return {"event": number, "event_at": at, "hour": hour}

    def _checked_version(self) -> str | None:
        try:
            version = self._api.version()
        except RequestRefused:
            return None  # whoever may read flags may read this; a proxy may not
        major = re.match(r"\d+", version or "")
        if major is not None and int(major[0]) < _OLDEST_MAJOR:
            raise SourceError(f"Unleash at {self._url} has version {version}: version {_OLDEST_MAJOR} or later is needed")
        return version


def _content(application: Json) -> str:
    fields: dict[str, Any] = {key: application.get(key) for key in ("appName", "description", "usage")}
    return json.dumps(fields, sort_keys=True)


def _groups(items: list[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), _FLAGS_AT_ONCE):
        yield items[start : start + _FLAGS_AT_ONCE]
