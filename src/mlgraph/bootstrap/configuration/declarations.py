"""The sections `aliases`, `rules` and `noise` of mlgraph.yaml: decisions of people about the reports of sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field, model_validator

from mlgraph.bootstrap.configuration.settings import Settings
from mlgraph.documents.faults import Faults, Position
from mlgraph.documents.fields import Line, line, one_of, parsed
from mlgraph.documents.reader import Document, Location
from mlgraph.documents.sections import FaultAt, validate
from mlgraph.domain.configuration import DeclaredAlias, DeclaredDistinct, NoiseRule
from mlgraph.domain.timestamps import FOREVER, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KINDS

_NOISY_KINDS: Final = tuple(kind for kind in KINDS if kind not in ("column", "model", "model_version"))
"""A column is hidden with its dataset. Models and their versions are the usual subjects of queries."""
_BEGINNING: Final = -(2**63)
_APART_ALONE: Final = "apart allows no other key; declare an alias in a separate entry"
_ALL_RUNS: Final = "superseded applies to all runs: write kind: run without match, or remove the rule"

Uri = Annotated[AssetUri, parsed(AssetUri.parse)]
Moment = Annotated[int, parsed(parse_time)]


class _Alias(Settings, title="an alias"):
    name: Uri
    of: Uri
    valid_from: Moment | None = Field(default=None, alias="from")
    valid_to: Moment | None = Field(default=None, alias="until")
    alternative_keys: ClassVar = {"apart": _APART_ALONE}

    @model_validator(mode="after")
    def _relate_two_assets(self) -> _Alias:
        if self.name.kind != self.of.kind or self.name == self.of:
            raise FaultAt("name and of must be two different assets of one kind", "of")
        if self.valid_from is not None and self.valid_to is not None and self.valid_to <= self.valid_from:
            raise FaultAt("until must be later than from", "until")
        return self

    def declared(self) -> DeclaredAlias:
        """Return the alias as a domain object."""
        return DeclaredAlias(self.name, self.of, self.valid_from, self.valid_to)


class _Apart(Settings, title="an alias"):
    apart: tuple[Uri, ...]
    alternative_keys: ClassVar = dict.fromkeys(("name", "of", "from", "until"), _APART_ALONE)

    @model_validator(mode="after")
    def _list_assets(self) -> _Apart:
        different = set(self.apart)
        if len(different) < max(2, len(self.apart)) or len({asset.kind for asset in different}) > 1:
            raise FaultAt("apart must list two or more different assets of one kind, each once", "apart")
        return self


def read_aliases(document: Document, faults: Faults) -> tuple[tuple[DeclaredAlias, ...], tuple[DeclaredDistinct, ...]]:
    """Return the valid aliases and separations. Invalid entries and contradictions are added to `faults`."""
    aliases: list[tuple[DeclaredAlias, Position]] = []
    distinct: list[tuple[DeclaredDistinct, Position]] = []
    for location in document.locations(("aliases",)):
        position = document.position(location)
        if _has(document, location, "apart"):
            apart = validate(_Apart, document, location, faults)
            if apart is not None:
                distinct.append((DeclaredDistinct(apart.apart), position))
            continue
        section = validate(_Alias, document, location, faults)
        if section is None:
            continue
        alias = section.declared()
        lines = [other.line for known, other in aliases if known.name == alias.name and _overlap(known, alias)]
        if lines:
            message = f"line {lines[0]} declares an alias of the same name for an overlapping time; end one with until"
            faults.add(document.position((*location, "name")), message)
        else:
            aliases.append((alias, position))
    for pair, position in distinct:
        for alias, other in aliases:
            if alias.name in pair.assets and alias.of in pair.assets:
                faults.add(position, f"line {other.line} declares two of these to be one asset; remove one of the two entries")
    return tuple(alias for alias, _ in aliases), tuple(pair for pair, _ in distinct)


def read_rule_files(document: Document, faults: Faults, folder: Path) -> tuple[Path, ...]:
    """Return the files that match patterns such as rules/*.yaml, in the order of the patterns, without duplicates."""
    found: dict[Path, None] = {}
    for location in document.locations(("rules",)):
        position = document.position(location)
        try:
            files = _matching(folder, line(document.at(location)))
        except ValueError as error:
            faults.add(position, str(error))
            continue
        if not files:
            faults.add(position, "no file matches; paths and patterns such as rules/*.yaml are relative to this configuration")
        found |= dict.fromkeys(files)
    return tuple(found)


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"this is not a regular expression: {error}") from None


class _NoiseRule(Settings, title="a noise rule"):
    name: Line
    kind: Annotated[Line, AfterValidator(partial(one_of, "kind of asset that can be noise", _NOISY_KINDS))]


class _MatchingNames(_NoiseRule, title="a noise rule"):
    match: Annotated[re.Pattern[str], parsed(_expression)]
    alternative_keys: ClassVar = {"when": _ALL_RUNS}


class _SupersededRuns(_NoiseRule, title="a noise rule"):
    when: Annotated[Line, AfterValidator(partial(one_of, "condition", ("superseded",)))]
    alternative_keys: ClassVar = {"match": _ALL_RUNS}

    @model_validator(mode="after")
    def _concern_runs(self) -> _SupersededRuns:
        if self.kind != "run":
            raise FaultAt(_ALL_RUNS, "kind")
        return self


def read_noise_rules(document: Document, faults: Faults) -> tuple[NoiseRule, ...]:
    """Return the valid noise rules. `faults` gets the reasons for the others."""
    found: dict[str, tuple[NoiseRule, Location]] = {}
    for location in document.locations(("noise",)):
        model: type[_NoiseRule] = _SupersededRuns if _has(document, location, "when") else _MatchingNames
        section = validate(model, document, location, faults)
        if section is None:
            continue
        rule = NoiseRule(section.name, section.kind, section.match if isinstance(section, _MatchingNames) else None)
        same = [other for known, other in found.values() if known.match is None and rule.match is None]
        if rule.name in found:
            first = document.position((*found[rule.name][1], "name"))
            message = f"a rule with this name is already in line {first.line}; rename one"
            faults.add(document.position((*location, "name")), message)
        elif same:
            first = document.position((*same[0], "when"))
            message = f"line {first.line} has the same rule; remove one of the two"
            faults.add(document.position((*location, "when")), message)
        else:
            found[rule.name] = rule, location
    return tuple(rule for rule, _ in found.values())


def _has(document: Document, location: Location, key: str) -> bool:
    return (*location, key) in document.values


def _matching(folder: Path, pattern: str) -> Sequence[Path]:
    """Return the files that match a pattern, sorted by name; a relative pattern starts at `folder`."""
    path = folder / pattern
    try:
        return sorted(file for file in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if file.is_file())
    except (ValueError, OSError):  # an invalid pattern or file name
        return ()


def _overlap(one: DeclaredAlias, other: DeclaredAlias) -> bool:
    starts = [_BEGINNING if alias.valid_from is None else alias.valid_from for alias in (one, other)]
    ends = [FOREVER if alias.valid_to is None else alias.valid_to for alias in (one, other)]
    return max(starts) < min(ends)
