"""The part `sources` of mlgraph.yaml."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from mlgraph.bootstrap.configuration import checks
from mlgraph.bootstrap.configuration.nodes import Faults, Node, Place, Scalar
from mlgraph.bootstrap.configuration.secret_places import credentials_at
from mlgraph.domain.configuration import Limits, Schedule, SecretPlace, SourceSettings
from mlgraph.domain.credentials import check_address
from mlgraph.domain.errors import InvalidInput

_KEYS: Final = ("name", "kind", "url", "credentials", "environment", "scope", "schedule", "limits")
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class SourcesReader:
    """Reads sources and looks whether their secrets are there. `folder` is what relative paths start from."""

    def __init__(self, kinds: Collection[str], folder: Path, environ: Mapping[str, str]) -> None:
        self._kinds, self._folder, self._environ = kinds, folder, environ

    def read(self, node: Node, faults: Faults) -> tuple[SourceSettings, ...]:
        """Return the sources that are right; the others are faults."""
        found: dict[str, tuple[SourceSettings, Place]] = {}
        for entry in checks.items(node, faults, "sources"):
            said = checks.members(entry, faults, "a source", _KEYS)
            source = self._source(said) if said else None
            if said is None or source is None:
                continue
            place = said.place_of("name")
            if source.name in found:
                first = found[source.name][1]
                faults.add(place, f"a source of this name stands in line {first.line} already; give each its own")
            else:
                found[source.name] = (source, place)
        return tuple(source for source, _ in found.values())

    def _source(self, said: checks.Members) -> SourceSettings | None:
        name = said.need("name", checks.text)
        kind = said.need("kind", checks.one_of("kind of source", self._kinds))
        url = said.need("url", _url)
        credentials = said.get("credentials", self._credentials)
        environment = said.get("environment", checks.text)
        scope = said.get("scope", checks.text)
        schedule = said.get("schedule", _schedule) or Schedule()
        limits = said.get("limits", _limits) or Limits()
        if name is None or kind is None or url is None:
            return None
        return SourceSettings(name, kind, url, scope or name, credentials, environment, schedule, limits)

    def _credentials(self, node: Node, faults: Faults) -> SecretPlace | None:
        if isinstance(node, Scalar):
            faults.add(node.place, checks.KEEP_IT_ELSEWHERE)
            return None
        said = checks.members(node, faults, "credentials", ("env", "file", "user"), names_keys=False)
        if said is None:
            return None
        if ("env" in said.values) == ("file" in said.values):
            if said.complete:
                faults.add(said.place, "credentials need one of env (a variable's name) and file (a path)")
            return None
        place = self._place(said, "env" if "env" in said.values else "file")
        if place is None:
            return None
        try:
            credentials_at(place, self._environ)
        except InvalidInput as error:
            faults.add(said.place_of("env" if place.env is not None else "file"), error.detail)
        return place

    def _place(self, said: checks.Members, where: str) -> SecretPlace | None:
        user, named = said.get("user", checks.text), said.get(where, checks.text)
        if named is None or ("user" in said.values and user is None):
            return None
        if user is not None and ":" in user:
            wrong = f"the name of a user has no colon. If it is name and password, {checks.KEEP_IT_ELSEWHERE}"
            said.faults.add(said.place_of("user"), wrong)
            return None
        if where == "file":
            return SecretPlace(file=self._folder / named, user=user)
        if not _VARIABLE.fullmatch(named):
            wrong = f"this is no name of an environment variable. If it is the secret, {checks.KEEP_IT_ELSEWHERE}"
            said.faults.add(said.place_of(where), wrong)
            return None
        return SecretPlace(env=named, user=user)


def _url(node: Node, faults: Faults) -> str | None:
    said = checks.text(node, faults)
    if said is None:
        return None
    try:
        check_address(said)
    except InvalidInput as error:
        login = "credentials" in error.detail
        faults.add(node.place, f"{error.detail}; {checks.KEEP_IT_ELSEWHERE}" if login else error.detail)
        return None
    return said


def _schedule(node: Node, faults: Faults) -> Schedule | None:
    said = checks.members(node, faults, "schedule", ("poll", "sweep", "full_sweep"))
    if said is None:
        return None
    usual = Schedule()
    return Schedule(
        said.get("poll", checks.duration_s("1s", "1d")) or usual.poll_s,
        said.get("sweep", checks.duration_s("1s", "365d")) or usual.sweep_s,
        said.get("full_sweep", checks.duration_s("1s", "365d")) or usual.full_sweep_s,
    )


def _limits(node: Node, faults: Faults) -> Limits | None:
    said = checks.members(node, faults, "limits", ("requests_per_s", "concurrency", "timeout"))
    if said is None:
        return None
    usual = Limits()
    return Limits(
        said.get("requests_per_s", checks.number(0.01, 10_000)) or usual.requests_per_s,
        int(said.get("concurrency", checks.number(1, 256, whole=True)) or usual.concurrency),
        said.get("timeout", checks.duration_s("100ms", "10m")) or usual.timeout_s,
    )
