"""Limits of a GraphQL query, checked on its syntax tree before it is validated or executed.

The cost is what GitHub counts: every connection asks for `first` nodes, once for each node of the connection around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

MAX_COST: Final = 10_000
"""Largest cost, in nodes."""
MAX_FIRST: Final = 100
MAX_DEPTH: Final = 8
MAX_INTROSPECTION_DEPTH: Final = 20
"""The usual introspection query, which no cost applies to, has 14 levels."""
MAX_ALIASES: Final = 30
MAX_FIELDS: Final = 250
"""Most fields with those of every use of a fragment: validation compares fields of the same name in pairs."""
MAX_TOKENS: Final = 4_000
MAX_WATERMARK: Final = 2**63 - 1
_INTROSPECTION: Final = frozenset({"__schema", "__type"})


class QueryRefused(GraphQLError):
    """The query exceeds a limit; `extensions` say which, by how much, and what to change."""

    def __init__(self, message: str, code: str, **numbers: object) -> None:
        super().__init__(message, extensions={"code": code, **numbers})


class Factor(NamedTuple):
    """A `first` with the names of the fields from the query's root to its connection."""

    first: int
    path: str


@dataclass(slots=True)
class _Measure:
    """What a selection set asks for. `depth` counts levels of fields.

    `cost` counts the nodes for one parent, `node_cost` those for each node of the parent, which is a connection.
    """

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    fields: int = 0
    cost: int = 0
    node_cost: int = 0
    largest: Factor | None = None

    def add(self, other: _Measure) -> None:
        """Add what the next selection asks for."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.aliases = _sum(self.aliases, other.aliases)
        self.fields = _sum(self.fields, other.fields)
        self.cost = _sum(self.cost, other.cost)
        self.node_cost = _sum(self.node_cost, other.node_cost)
        self.largest = max(filter(None, (self.largest, other.largest)), key=lambda factor: factor.first, default=None)


class QueryLimits:
    """The measures of one operation."""

    def __init__(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        """Measure the only operation of `document`. Raises `QueryRefused` if it has none or several."""
        self._fragments = {
            node.name.value: node.selection_set for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        if len(operations) != 1:
            raise QueryRefused(
                f"send one operation a request, not {len(operations)}", "ONE_OPERATION", operations=len(operations)
            )
        self._variables = _values(operations[0], variables)
        self._measured: dict[str, _Measure] = {}
        self.at_least = 0
        """The largest watermark that any field wants to be included."""
        self.searches = False
        """Whether any field is a search."""
        self._total = self._measure(operations[0].selection_set)

    @property
    def cost(self) -> int:
        """The number of nodes that the query asks for."""
        return self._total.cost

    def check(self) -> None:
        """Raise `QueryRefused` for the first limit that the query exceeds."""
        total = self._total
        if total.aliases > MAX_ALIASES:
            raise _beyond("aliases", total.aliases, MAX_ALIASES, "TOO_MANY_ALIASES")
        if total.depth > MAX_DEPTH:
            raise _beyond("levels of fields", total.depth, MAX_DEPTH, "TOO_DEEP")
        if total.introspection_depth > MAX_INTROSPECTION_DEPTH:
            raise _beyond("levels of introspection", total.introspection_depth, MAX_INTROSPECTION_DEPTH, "TOO_DEEP")
        if total.fields > MAX_FIELDS:
            raise _beyond("fields", total.fields, MAX_FIELDS, "TOO_MANY_FIELDS")
        if total.largest is not None and total.cost > MAX_COST:
            first, path = total.largest
            raise QueryRefused(
                f"the query asks for {total.cost:,} nodes, more than {MAX_COST:,}: the largest factor is first: {first} "
                f"at {path}; ask for fewer there, and for more pages",
                "TOO_COSTLY",
                cost=total.cost,
                limit=MAX_COST,
                factor={"first": first, "path": path},
            )

    def _measure(self, selections: SelectionSetNode | None, path: str = "") -> _Measure:
        total = _Measure()
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                total.add(self._field(selection, path))
            elif isinstance(selection, InlineFragmentNode):
                total.add(self._measure(selection.selection_set, path))
            elif isinstance(selection, FragmentSpreadNode):
                total.add(self._fragment(selection.name.value))
        return total

    def _fragment(self, name: str) -> _Measure:
        """Return the measure of a fragment, taken once; of one that contains itself, which validation refuses, nothing."""
        if name not in self._measured:
            self._measured[name] = _Measure()
            self._measured[name] = self._measure(self._fragments.get(name), f"...{name}")
        return self._measured[name]

    def _field(self, field: FieldNode, path: str) -> _Measure:
        name = field.name.value
        here = f"{path}.{name}" if path else name
        within = self._measure(field.selection_set, here)
        if name in _INTROSPECTION:
            deepest = 1 + max(within.depth, within.introspection_depth)
            return _Measure(1, deepest, within.aliases + bool(field.alias), 1 + within.fields)
        self.searches = self.searches or name == "search"
        arguments = {argument.name.value: self._integer(argument.value) for argument in field.arguments or ()}
        self.at_least = max(self.at_least, min(arguments.get("atLeast") or 0, MAX_WATERMARK))
        total = _Measure(
            1 + within.depth,
            within.introspection_depth,
            within.aliases + bool(field.alias),
            1 + within.fields,
            within.cost,
            largest=within.largest,
        )
        if name == "edges":
            total.cost, total.node_cost = 0, within.cost
        if "first" in arguments:
            first = arguments["first"]
            if first is not None and not 1 <= first <= MAX_FIRST:
                raise QueryRefused(
                    f"`first` is {first} at {here}: it is from 1 to {MAX_FIRST}; `after` continues a page",
                    "WRONG_FIRST",
                    limit=MAX_FIRST,
                )
            factor = Factor(1 if first is None else first, here)  # validation refuses what is not a number
            total.largest = max(filter(None, (factor, within.largest)), key=lambda each: each.first)
            total.cost = within.cost + factor.first * (1 + within.node_cost)
        return total

    def _integer(self, value: ValueNode) -> int | None:
        """Return the total number that `value` is or that its variable has; None for anything else."""
        if isinstance(value, VariableNode):
            given = self._variables.get(value.name.value)
            return int(given) if isinstance(given, int | float) and not isinstance(given, bool) and given == given // 1 else None
        return _literal(value)


def _sum(one: int, other: int) -> int:
    """Return the sum, at most 10^12: fragments within fragments double it without end."""
    return min(one + other, 10**12)


def _values(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    definitions = operation.variable_definitions or ()
    defaults = {each.variable.name.value: _literal(each.default_value) for each in definitions}
    return {**defaults, **variables}


def _literal(value: ValueNode | None) -> int | None:
    if not isinstance(value, IntValueNode):
        return None
    digits = 20  # more than any number that a field takes has; int() refuses thousands
    return int(value.value[:digits])


def _beyond(what: str, number: int, limit: int, code: str) -> QueryRefused:
    return QueryRefused(f"the query has {number:,} {what}, more than {limit}: split it", code, number=number, limit=limit)
