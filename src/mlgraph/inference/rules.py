"""Inference rules: the relation inferred from path patterns, and the YAML reader, whose errors name line and column."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import product
from typing import Annotated, Any, Final

from pydantic import field_validator

from mlgraph.documents.faults import Faults
from mlgraph.documents.fields import Prose, parsed, prose
from mlgraph.documents.reader import Document, Location, read
from mlgraph.documents.sections import Section, validate, validate_items
from mlgraph.domain.errors import InvalidInput, StartError
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.inference.conditions import Condition, parse_condition
from mlgraph.inference.patterns import PathPattern, parse_path

ORIGIN: Final = "rule:"
"""Prefix of the origin of every inferred edge; the rule's name follows."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")

Signature = tuple[str, str, str]
"""Source kind, relation, target kind."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Infers `relation` from the first to the last node of a path while all edges of the path are valid and `where` is true.

    Any of `paths` suffices.
    """

    name: str
    description: str
    relation: str
    paths: tuple[PathPattern, ...]
    where: tuple[Condition, ...]
    place: str
    """The file and line of the rule."""

    @property
    def origin(self) -> str:
        """The origin of the edges that the rule infers."""
        return f"{ORIGIN}{self.name}"

    def inferred_signatures(self) -> set[Signature]:
        """Return the signatures of the edges that the rule can infer."""
        return {
            (source, self.relation, target)
            for path in self.paths
            for source, target in product(path.nodes[0].kinds, path.nodes[-1].kinds)
            if RELATIONS[self.relation].allows(source, target)
        }

    def needed_signatures(self) -> set[Signature]:
        """Return the signatures of the edges that its paths can match."""
        return {signature for path in self.paths for signature in path.signatures()}


@dataclass(frozen=True)
class Rules:
    """A set of rules that are evaluated together."""

    rules: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    @cached_property
    def _by_signature(self) -> Mapping[Signature, list[Rule]]:
        found: dict[Signature, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            for signature in rule.inferred_signatures():
                found[signature].append(rule)
        return found

    def inferring(self, signatures: Iterable[Signature]) -> list[Rule]:
        """Return the rules that can infer an edge of one of `signatures`, in the order in which they are written."""
        able = {rule.name for signature in signatures for rule in self._by_signature.get(signature, ())}
        return [rule for rule in self.rules if rule.name in able] if able else []

    @cached_property
    def in_order(self) -> tuple[Rule, ...]:
        """The rules in topological order: each after the rules on whose edges its paths depend."""
        return _in_order(self)


NO_RULES: Final = Rules(())


def combine_rules(*parts: Rules) -> Rules:
    """Return all rules as one set. Raises `StartError` for a duplicate name, or a rule that depends on its own edges."""
    rules = Rules(tuple(rule for part in parts for rule in part))
    for name, count in Counter(rule.name for rule in rules).items():
        if count > 1:
            places = " and ".join(rule.place for rule in rules if rule.name == name)
            raise StartError(f"two rules are named {name!r}: {places}; give one of them another name")
    _in_order(rules)
    return rules


def _in_order(rules: Rules) -> tuple[Rule, ...]:
    done: dict[str, Rule] = {}

    def visit(rule: Rule, path: tuple[str, ...]) -> None:
        if rule.name in path:
            cycle = " needs ".join((*path[path.index(rule.name) :], rule.name))
            raise StartError(f"{rule.place}: rules depend on each other in a cycle: {cycle}; remove one of these dependencies")
        if rule.name not in done:
            for needed in rules.inferring(rule.needed_signatures()):
                visit(needed, (*path, rule.name))
            done[rule.name] = rule

    for rule in rules:
        visit(rule, ())
    return tuple(done.values())


def load_rules(text: str, name: str) -> Rules:
    """Return the rules of a YAML document. `name` denotes it in errors.

    Raises `StartError` with all faults, each with `name`, line and column.
    """
    faults = Faults()
    document = read(text, faults)
    rules: tuple[Rule, ...] = ()
    if document is not None and document.data is not None:
        validate(_RulesFile, document, (), faults)
        items = validate_items(_RuleSection, document, ("rules",), faults)
        rules = tuple(_rule(section, document, location, faults, name) for location, section in items)
    if faults.found:
        raise StartError(faults.report(name))
    return combine_rules(Rules(rules))


def shipped_rules() -> Rules:
    """Return the rules that are part of mlgraph."""
    name = "shipped.yaml"
    return load_rules(resources.files(__package__).joinpath(name).read_text("utf-8"), name)


class _RulesFile(Section, title="a file of rules"):
    rules: tuple[Any, ...]


class _RuleSection(Section, title="a rule"):
    name: Prose
    description: Prose = ""
    relation: Prose
    paths: tuple[Annotated[PathPattern, parsed(parse_path, prose)], ...]
    where: tuple[Prose, ...] = ()

    @field_validator("name")
    @classmethod
    def _can_be_an_origin(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a valid rule name: use lower-case letters, digits, . _ and -, at most 63 characters"
            )
        return name

    @field_validator("relation")
    @classmethod
    def _is_known(cls, relation: str) -> str:
        if relation not in RELATIONS:
            hint = did_you_mean(relation.lower(), RELATIONS, f"one of: {', '.join(RELATIONS)}")
            raise ValueError(f"unknown relation {relation!r}; {hint}")
        return relation

    @field_validator("paths")
    @classmethod
    def _has_one(cls, paths: tuple[PathPattern, ...]) -> tuple[PathPattern, ...]:
        if not paths:
            raise ValueError("a rule needs at least one path")
        return paths


def _rule(section: _RuleSection, document: Document, location: Location, faults: Faults, name: str) -> Rule:
    """Return the rule of a section. Adds a fault for each invalid condition and each path whose ends do not fit the relation."""
    relation = section.relation
    for index, path in enumerate(section.paths):
        sources, targets = path.nodes[0].kinds, path.nodes[-1].kinds
        if not any(RELATIONS[relation].allows(source, target) for source, target in product(sources, targets)):
            ends = f"from {'|'.join(sorted(sources))} to {'|'.join(sorted(targets))}"
            position = document.position((*location, "paths", index))
            faults.add(position, f"the relation {relation} does not lead {ends}; see docs/vocabulary.md")
    elements = {element for path in section.paths for element in path.names()}
    conditions = []
    for index, condition in enumerate(section.where):
        try:
            conditions.append(parse_condition(condition, elements))
        except InvalidInput as error:
            faults.add(document.position((*location, "where", index)), error.detail)
    place = f"{name}:{document.position(location).line}"
    return Rule(section.name, section.description, relation, section.paths, tuple(conditions), place)
