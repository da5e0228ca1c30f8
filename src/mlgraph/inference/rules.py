"""Rules: which relation follows from which paths, read from YAML with errors that name the line."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import product
from typing import Any, Final, NoReturn, TypeVar

import yaml

from mlgraph.domain.errors import InvalidInput, StartError
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.inference.conditions import Condition, parse_condition
from mlgraph.inference.patterns import Path, parse_path

T = TypeVar("T")

ORIGIN: Final = "rule:"
"""Begins the origin of every inferred edge; the rule's name follows."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_KEYS: Final = ("name", "description", "relation", "paths", "where")

Signature = tuple[str, str, str]
"""Source kind, relation, target kind."""


@dataclass(frozen=True, slots=True)
class Rule:
    """From the first to the last node of any of `paths`, `relation` holds while all edges of the path and `where` do."""

    name: str
    description: str
    relation: str
    paths: tuple[Path, ...]
    where: tuple[Condition, ...]
    place: str
    """The file and line it stands in."""

    @property
    def origin(self) -> str:
        """The origin of the edges that it infers."""
        return f"{ORIGIN}{self.name}"

    def gives(self) -> set[Signature]:
        """Return what kinds of edges it can infer."""
        return {
            (source, self.relation, target)
            for path in self.paths
            for source, target in product(path.nodes[0].kinds, path.nodes[-1].kinds)
            if RELATIONS[self.relation].allows(source, target)
        }

    def needs(self) -> set[Signature]:
        """Return what kinds of edges its paths are made of."""
        return {signature for path in self.paths for signature in path.signatures()}


@dataclass(frozen=True)
class Rules:
    """Rules that are used together."""

    rules: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    @cached_property
    def _giving(self) -> Mapping[Signature, list[Rule]]:
        found: dict[Signature, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            for signature in rule.gives():
                found[signature].append(rule)
        return found

    def giving(self, signatures: Iterable[Signature]) -> list[Rule]:
        """Return the rules that can infer an edge of one of `signatures`, in the order in which they are written."""
        able = {rule.name for signature in signatures for rule in self._giving.get(signature, ())}
        return [rule for rule in self.rules if rule.name in able] if able else []

    @cached_property
    def in_order(self) -> tuple[Rule, ...]:
        """The rules, each after those that it needs."""
        return _in_order(self)


NO_RULES: Final = Rules(())


def united(*parts: Rules) -> Rules:
    """Return all rules together. Raises `StartError` if two have one name, or one needs what follows from itself."""
    rules = Rules(tuple(rule for part in parts for rule in part))
    for name, count in Counter(rule.name for rule in rules).items():
        if count > 1:
            places = " and ".join(rule.place for rule in rules if rule.name == name)
            raise StartError(f"two rules are named {name!r}: {places}; give one of them another name")
    _in_order(rules)
    return rules


def _in_order(rules: Rules) -> tuple[Rule, ...]:
    done: dict[str, Rule] = {}

    def visit(rule: Rule, way: tuple[str, ...]) -> None:
        if rule.name in way:
            circle = " needs ".join((*way[way.index(rule.name) :], rule.name))
            raise StartError(f"{rule.place}: rules go in a circle: {circle}; a rule may not need what follows from itself")
        if rule.name not in done:
            for needed in rules.giving(rule.needs()):
                visit(needed, (*way, rule.name))
            done[rule.name] = rule

    for rule in rules:
        visit(rule, ())
    return tuple(done.values())


def load_rules(text: str, name: str) -> Rules:
    """Return the rules of a YAML document. `name` is what errors call it. Raises `StartError` with `name` and the line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark is not None else name
        raise StartError(f"{where}: not YAML: {getattr(error, 'problem', None) or error}") from None
    if root is None:
        return Rules(())
    document = _Place(root, name)
    members = document.members(("rules",))
    if "rules" not in members:
        document.fail("must hold a list of rules under the key 'rules'")
    return united(Rules(tuple(_rule(place) for place in members["rules"].items())))


def shipped_rules() -> Rules:
    """Return the rules that come with mlgraph."""
    name = "shipped.yaml"
    return load_rules(resources.files(__package__).joinpath(name).read_text("utf-8"), name)


class _Place:
    """A node of the YAML document, with its line."""

    def __init__(self, node: yaml.Node, name: str) -> None:
        self.node = node
        self.where = f"{name}:{node.start_mark.line + 1}"
        self._name = name

    def fail(self, why: str) -> NoReturn:
        """Raise `StartError` at this place."""
        raise StartError(f"{self.where}: {why}")

    def members(self, known: tuple[str, ...]) -> dict[str, _Place]:
        """Return the members of a mapping, each of them known, and none twice."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail(f"must be a mapping with {', '.join(known)}")
        found: dict[str, _Place] = {}
        for key, value in self.node.value:
            place = _Place(key, self._name)
            word = place.text()
            if word not in known:
                place.fail(f"unknown key {word!r}; one of {', '.join(known)}")
            if word in found:
                place.fail(f"{word!r} stands here twice")
            found[word] = _Place(value, self._name)
        return found

    def items(self) -> list[_Place]:
        """Return the members of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail("must be a list")
        return [_Place(item, self._name) for item in self.node.value]

    def text(self) -> str:
        """Return a text that is not empty."""
        value: Any = self.node.value
        if not isinstance(self.node, yaml.ScalarNode) or not isinstance(value, str) or not value.strip():
            self.fail("must be a text")
        return value.strip()


def _parsed(place: _Place, parse: Callable[[str], T]) -> T:
    try:
        return parse(place.text())
    except InvalidInput as error:
        place.fail(error.detail)


def _rule(place: _Place) -> Rule:
    said = place.members(_KEYS)
    for key in ("name", "relation", "paths"):
        if key not in said:
            place.fail(f"a rule needs {key!r}")
    name = said["name"].text()
    if not _NAME.fullmatch(name):
        said["name"].fail(f"{name!r} is no name of a rule: small letters, digits, . _ and -, at most 63")
    relation = said["relation"].text()
    if relation not in RELATIONS:
        said["relation"].fail(f"unknown relation {relation!r}; one of {', '.join(RELATIONS)}")
    paths = [_parsed(each, parse_path) for each in said["paths"].items()]
    if not paths:
        said["paths"].fail("a rule needs at least one path")
    description = said["description"].text() if "description" in said else ""
    named = {name for path in paths for name in path.names()}
    where = (
        [_parsed(each, lambda text: parse_condition(text, named)) for each in said["where"].items()] if "where" in said else []
    )
    rule = Rule(name, description, relation, tuple(paths), tuple(where), place.where)
    for each, path in zip(said["paths"].items(), paths, strict=True):
        ends = path.nodes[0].kinds, path.nodes[-1].kinds
        if not any(RELATIONS[relation].allows(source, target) for source, target in product(*ends)):
            each.fail(
                f"no {relation} leads from {'|'.join(sorted(ends[0]))} to {'|'.join(sorted(ends[1]))}: see docs/vocabulary.md"
            )
    return rule
