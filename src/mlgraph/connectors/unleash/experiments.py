"""The experiments of a flag at one moment: one for each environment in which it has variants, or is an experiment by its type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlgraph.connectors.unleash.convention import experiment_reference, reference_of, tested_asset
from mlgraph.connectors.unleash.flag_state import EXPERIMENT_TYPE, EnvironmentState, FlagState
from mlgraph.connectors.unleash.public_text import public_text
from mlgraph.connectors.unleash.strategies import Strategy, StrategyVariant
from mlgraph.connectors.unleash.unleash_instance import UnleashInstance
from mlgraph.domain.redaction.json_values import redact_text, redact_url
from mlgraph.domain.uri import AssetUri

State = Mapping[str, Any]
"""The `state` of an asset fact."""


@dataclass(frozen=True, slots=True)
class Experiments:
    """The experiments and variants of a flag with their states, and what each of them tests."""

    assets: Mapping[AssetUri, State] = field(default_factory=dict)
    tested: Mapping[tuple[AssetUri, AssetUri], str] = field(default_factory=dict)
    """By tested asset and variant, or experiment: the reference in the flag."""


def experiments_of(instance: UnleashInstance, flag: FlagState) -> Experiments:
    """Return the experiments of a flag. A tested asset is one that users can get: the flag is on, its strategy too."""
    if not flag.exists:
        return Experiments()
    assets: dict[AssetUri, State] = {}
    tested: dict[tuple[AssetUri, AssetUri], str] = {}
    for name in sorted(flag.environments):
        environment = flag.environments[name]
        variants = _variants(environment)
        if not variants and not (flag.type == EXPERIMENT_TYPE and (environment.strategies or environment.enabled)):
            continue
        experiment = instance.experiment(flag.project, flag.name, name)
        assets[experiment] = _experiment_state(flag, name, environment, sorted(variants))
        is_on = environment.enabled and not flag.archived
        if is_on and (reference := experiment_reference(flag.tags, [url for url, _ in flag.links])) is not None:
            asset = tested_asset(reference, instance.registry)
            tested |= {(asset, experiment): reference} if asset is not None else {}
        for variant, given in variants.items():
            uri = instance.variant(experiment, variant)
            assets[uri] = _variant_state(flag, variant, given, is_on=is_on)
            for strategy, one in given:
                reference = reference_of(one, flag.tags)
                asset = tested_asset(reference, instance.registry) if reference is not None else None
                if asset is not None and reference is not None and is_on and strategy.exposes and one.weight > 0:
                    tested.setdefault((asset, uri), reference)
    return Experiments(assets, tested)


def _variants(environment: EnvironmentState) -> dict[str, list[tuple[Strategy, StrategyVariant]]]:
    """Return the variants of an environment, each with the strategies that have it, in a stable order."""
    found: dict[str, list[tuple[Strategy, StrategyVariant]]] = defaultdict(list)
    for key in sorted(environment.strategies):
        strategy = environment.strategies[key]
        for variant in strategy.variants:
            found[variant.name].append((strategy, variant))
    return dict(sorted(found.items()))


def _experiment_state(flag: FlagState, environment: str, state: EnvironmentState, variants: list[str]) -> State:
    """Return the state of an experiment. All members are always there, so that a later state replaces all of an earlier one."""
    properties: dict[str, Any] = {
        "state": _state_of(flag, state),
        "type": flag.type,
        "project": flag.project,
        "flag": flag.name,
        "environment": environment,
        "enabled": state.enabled and not flag.archived,
        "stale": flag.stale,
        "impression_data": flag.impression_data,
        "decision": public_text(flag.decision),
        "variants": variants,
        "links": [{"url": public_text(redact_url(url)), "title": public_text(title)} for url, title in flag.links],
    }
    properties |= {"created_at": flag.created_at} if flag.created_at else {}
    described: dict[str, Any] = {
        "name": f"{flag.name} ({environment})",
        "description": public_text(flag.description),
        "tags": sorted(public_text(f"{kind}:{value}") for kind, value in flag.tags),
        "properties": properties,
    }
    return described | ({"owners": [str(flag.owner)]} if flag.owner is not None else {})


def _state_of(flag: FlagState, state: EnvironmentState) -> str:
    if flag.archived:
        return "archived"
    if flag.completed:
        return "completed"
    return "running" if state.enabled and any(one.exposes for one in state.strategies.values()) else "disabled"


def _variant_state(flag: FlagState, name: str, given: list[tuple[Strategy, StrategyVariant]], *, is_on: bool) -> State:
    """Return the state of a variant: whether users can get it, its greatest weight, and its place in each strategy."""
    named = [reference for _, variant in given if (reference := reference_of(variant, flag.tags)) is not None]
    is_running = is_on and any(strategy.exposes and variant.weight > 0 for strategy, variant in given)
    properties: dict[str, Any] = {
        "state": "running" if is_running else "disabled",
        "weight": max(variant.weight for _, variant in given),
        "stickiness": sorted({variant.stickiness for _, variant in given if variant.stickiness}),
        "strategies": [_place(strategy, variant) for strategy, variant in given],
        "references": sorted({redact_text(reference) for reference in named}),
    }
    return {"name": name, "properties": properties}


def _place(strategy: Strategy, variant: StrategyVariant) -> dict[str, Any]:
    return {
        "id": strategy.id,
        "name": strategy.name,
        "rollout": strategy.rollout,
        "weight": variant.weight,
        "disabled": strategy.disabled,
        "payload_type": variant.payload_type or "",
        "constraints": [
            {key: list(value) if isinstance(value, tuple) else value for key, value in constraint}
            for constraint in strategy.constraints
        ],
    }
