"""The facts of a flag: what changed at each moment of its history, so that the graph shows what was tested when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from mlgraph.connectors.unleash.experiments import Experiments, experiments_of
from mlgraph.connectors.unleash.exposures import exposure_facts
from mlgraph.connectors.unleash.flag_state import FlagState, present_state, tag_of
from mlgraph.connectors.unleash.replay import FlagMoment, events_of, replay
from mlgraph.connectors.unleash.unleash_instance import ORIGIN, UnleashInstance, experiment_of
from mlgraph.domain.facts import AssetFact, AssetRetraction, Contact, EdgeFact, EdgeRetraction, Mode, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri, person_uri


def flag_statements(instance: UnleashInstance, data: Located) -> list[Statement]:
    """Return the facts of `unleash.flag`: {project, name, read_at, events, feature?, tags?, archived?, exposures?, restored_at?}.

    The events are the history. Where Unleash shows another state than they lead to, because some are missing, that state is
    valid from its reading, `read_at`. `restored_at`: when it was found that Unleash had lost events that the graph knows.
    """
    moments = replay(data.need("project").name(), data.need("name").name(), events_of(data.objects("events") or ()))
    moments += _correction(instance, data, moments)
    statements: list[Statement] = []
    shown = [(moment.at, experiments_of(instance, moment.state)) for moment in moments]
    for (_, before), (at, after) in pairwise([(0, Experiments()), *shown]):
        statements += _changes(before, after, at)
    statements += _moves(instance, moments)
    last = shown[-1][1] if shown else Experiments()
    statements += _restored(data, shown)
    statements += _lifecycle(data, last, statements)
    statements += exposure_facts(instance, data, _appearances(shown))
    return [*statements, *_contacts(data)]


def _correction(instance: UnleashInstance, data: Located, moments: Sequence[FlagMoment]) -> list[FlagMoment]:
    """Return the state that Unleash shows, if the events do not lead to it."""
    last = moments[-1] if moments else FlagMoment(0, FlagState(data.need("project").name(), data.need("name").name()))
    feature, archived = data.typed("feature", dict), data.typed("archived", bool)
    if feature is not None:
        listed = data.objects("tags")
        read = frozenset(tag for each in listed or () if (tag := each.attempt(tag_of)) is not None)
        tags = last.state.tags if listed is None else read
        found = feature.attempt(lambda one: present_state(last.state, one, tags))
    elif archived is not None and archived.flag():
        found = replace(last.state, archived=True)
    else:
        found = None
    if found is None or experiments_of(instance, found) == experiments_of(instance, last.state):
        return []
    return [FlagMoment(max(data.need("read_at").time(), last.at + 1), found)]


def _changes(before: Experiments, after: Experiments, at: int) -> Iterator[Statement]:
    """Yield what ends and what begins at a moment. Experiments come before their variants."""
    for pair in sorted(before.tested.keys() - after.tested.keys(), key=str):
        yield EdgeRetraction(pair[0], "tested_in", pair[1], ORIGIN, at)
    for uri in sorted(before.assets.keys() - after.assets.keys(), reverse=True):
        yield AssetRetraction(uri, ORIGIN, at)
    for uri in sorted(after.assets):
        if before.assets.get(uri) != after.assets[uri]:
            yield AssetFact(uri, ORIGIN, at, after.assets[uri], Mode.PATCH)
        if uri.kind == "variant" and uri not in before.assets:
            yield EdgeFact(uri, "variant_of", experiment_of(uri), ORIGIN, at)
    for pair, reference in sorted(after.tested.items(), key=str):
        if before.tested.get(pair) != reference:
            yield EdgeFact(pair[0], "tested_in", pair[1], ORIGIN, at, properties={"reference": reference})


def _moves(instance: UnleashInstance, moments: Sequence[FlagMoment]) -> Iterator[Statement]:
    """Yield the old names of the experiments of a flag that was moved to another project: aliases of the new ones."""
    for (_, before), (at, after) in pairwise(moments):
        if before.project == after.project or not (before.exists and after.exists):
            continue
        old, new = experiments_of(instance, before).assets, experiments_of(instance, after).assets
        for uri in sorted(old):
            now = AssetUri(uri.kind, uri.namespace, f"{after.project}/{uri.name.removeprefix(f'{before.project}/')}")
            if now in new:
                yield EdgeFact(uri, "alias_of", now, ORIGIN, at + 1)


def _restored(data: Located, shown: Sequence[tuple[int, Experiments]]) -> Iterator[Statement]:
    """Yield the end of all that the graph knows of the flag at `restored_at`, and its state again from a microsecond later."""
    restored = data.get("restored_at")
    at = restored.time() if restored else 0
    if not shown or shown[-1][0] >= at:
        return
    yield from (AssetRetraction(uri, ORIGIN, at) for uri in sorted({uri for _, one in shown for uri in one.assets}))
    yield from _changes(Experiments(), shown[-1][1], at + 1)


def _lifecycle(data: Located, last: Experiments, statements: Sequence[Statement]) -> Iterator[Statement]:
    """Yield the stage of the flag, since Unleash entered it there; its changes are no events."""
    feature = data.typed("feature", dict)
    lifecycle = feature.typed("lifecycle", dict) if feature else None
    stage, entered = (lifecycle.typed("stage", str), lifecycle.typed("enteredStageAt", str)) if lifecycle else (None, None)
    at = entered.attempt(Located.time) if entered else None
    if stage is None or at is None or stage.value == "archived":  # Unleash keeps that stage for a flag that was created again
        return
    for uri in sorted(uri for uri in last.assets if uri.kind == "experiment"):
        times = [one.valid_from for one in statements if isinstance(one, AssetFact) and one.uri == uri and one.valid_from]
        yield AssetFact(uri, ORIGIN, max(at, min(times)), {"properties": {"lifecycle": stage.text()}}, Mode.PATCH)


def _appearances(shown: Sequence[tuple[int, Experiments]]) -> dict[AssetUri, int]:
    """Return since when each present experiment and variant exists without interruption."""
    found: dict[AssetUri, int] = {}
    for at, experiments in shown:
        found = {uri: found.get(uri, at) for uri in experiments.assets}
    return found


def _contacts(data: Located) -> Iterator[Contact]:
    """Yield the name of each person who created the flag."""
    for event in events_of(data.objects("events") or ()):
        creator, user = event.found.typed("createdBy", str), event.found.get("createdByUserId")
        is_person = creator and creator.value and user and type(user.value) is int and user.value > 0
        if event.type == "feature-created" and creator and is_person:
            name = creator.text()
            yield Contact(person_uri(name), name, name if "@" in name else None)
