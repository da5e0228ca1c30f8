"""Activation strategies of a flag in one environment, and their variants, as Unleash reports them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mlgraph.connectors.unleash.public_text import public_text
from mlgraph.domain.payloads.payload import Located

_TOTAL: Final = 1000
"""The weights of the variants of a strategy sum up to this number."""
_SHOWN_VALUES: Final = 20
_OF_PEOPLE: Final = frozenset({"userid", "username", "user", "email", "mail", "sessionid", "remoteaddress"})
"""Fields of the context whose values denote people: their number is kept, not the values."""


@dataclass(frozen=True, slots=True)
class StrategyVariant:
    """A variant in one strategy: its weight (0 to 1), the property by which users stick to it, and its payload."""

    name: str
    weight: float
    stickiness: str | None = None
    payload_type: str | None = None
    payload: str | None = None


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy: whether and for whom a flag is on, and which variants they get."""

    id: str
    name: str
    disabled: bool
    rollout: float
    """The share of users, 0 to 1."""
    constraints: tuple[tuple[tuple[str, Any], ...], ...]
    variants: tuple[StrategyVariant, ...]

    @property
    def exposes(self) -> bool:
        """Whether users can get its variants, in an environment in which the flag is on."""
        return not self.disabled and self.rollout > 0


def strategy_of(found: Located) -> Strategy:
    """Return a strategy. Raises `InvalidInput` where it has no id; a detail that cannot be read is left out with a warning."""
    number = found.need("id").name()
    disabled, name = found.typed("disabled", bool), found.typed("name", str)
    parameters = found.typed("parameters", dict)
    rollout = parameters.get("rollout") if parameters else None
    share = rollout.attempt(_percentage) if rollout else None
    constraints = [limit for each in found.objects("constraints") or () if (limit := each.attempt(_constraint)) is not None]
    variants = [one for each in found.objects("variants") or () if (one := each.attempt(_variant)) is not None]
    return Strategy(
        number,
        name.text() if name else "",
        bool(disabled and disabled.flag()),
        1.0 if share is None else share,
        tuple(constraints),
        tuple(sorted(variants, key=lambda variant: variant.name)),
    )


def _percentage(found: Located) -> float:
    value = found.value
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= 100:
        found.fail("must be a percentage, from 0 to 100")
    return number / 100


def _variant(found: Located) -> StrategyVariant:
    weight = found.need("weight")
    if isinstance(weight.value, bool) or not isinstance(weight.value, int | float) or not 0 <= weight.value <= _TOTAL:
        weight.fail(f"must be a number from 0 to {_TOTAL}")
    stickiness, payload = found.typed("stickiness", str), found.typed("payload", dict)
    kind, value = (payload.typed("type", str), payload.typed("value", str)) if payload else (None, None)
    return StrategyVariant(
        found.need("name").name(),
        weight.value / _TOTAL,
        stickiness.text() if stickiness else None,
        kind.text() if kind and value else None,
        value.text() if kind and value else None,
    )


def _constraint(found: Located) -> tuple[tuple[str, Any], ...]:
    field, operator = found.need("contextName").text(), found.need("operator").text()
    listed = found.typed("values", list)
    values = [each.attempt(Located.text) for each in (listed.items() if listed else ())]
    single, inverted = found.typed("value", str), found.typed("inverted", bool)
    values += [single.text()] if single and single.text() else []
    texts = [public_text(text) for text in values if text is not None]
    is_private = field.replace("_", "").lower() in _OF_PEOPLE
    shown: dict[str, Any] = {"field": public_text(field), "operator": public_text(operator)}
    shown |= {"inverted": True} if inverted and inverted.flag() else {}
    shown |= {"values": tuple(texts)} if len(texts) <= _SHOWN_VALUES and not is_private else {"value_count": len(texts)}
    return tuple(sorted(shown.items()))
