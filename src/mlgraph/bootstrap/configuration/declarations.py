"""The parts `aliases`, `rules` and `noise` of mlgraph.yaml: what people have decided about what sources tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlgraph.bootstrap.configuration import checks
from mlgraph.bootstrap.configuration.nodes import Faults, Node, Place
from mlgraph.domain.configuration import DeclaredAlias, DeclaredApart, NoiseRule
from mlgraph.domain.times import FOREVER
from mlgraph.domain.vocabulary import KINDS

_ALIAS_KEYS: Final = ("name", "of", "from", "until", "apart")
_NOISE_KEYS: Final = ("name", "kind", "match", "when")
_NOISY_KINDS: Final = tuple(kind for kind in KINDS if kind not in ("column", "model", "model_version"))
"""A column goes with its dataset; versions bring their models along, and are what lineage is asked for."""
_CONDITIONS: Final = ("superseded",)
_BEGINNING: Final = -(2**63)


class Declared:
    """Aliases and what is declared apart, with where each stands: what contradicts itself is refused."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._aliases: list[tuple[DeclaredAlias, Place]] = []
        self._apart: list[tuple[DeclaredApart, Place]] = []

    def read(self, node: Node) -> tuple[tuple[DeclaredAlias, ...], tuple[DeclaredApart, ...]]:
        """Return the declarations that are right; the others are faults."""
        for entry in checks.items(node, self._faults, "aliases"):
            said = checks.members(entry, self._faults, "an alias", _ALIAS_KEYS)
            if said is None:
                continue
            if "apart" in said.values:
                self._add_apart(said)
            else:
                self._add_alias(said)
        for apart, place in self._apart:
            for alias, other in self._aliases:
                if alias.name in apart.assets and alias.of in apart.assets:
                    self._faults.add(place, f"line {other.line} declares two of these to be one thing; take one of the two out")
        return tuple(alias for alias, _ in self._aliases), tuple(apart for apart, _ in self._apart)

    def _add_apart(self, said: checks.Members) -> None:
        if len(said.values) > 1:
            self._faults.add(said.place, "apart stands alone; declare an alias in an entry of its own")
        node = said.values["apart"]
        found = [checks.uri(item, self._faults) for item in checks.items(node, self._faults, "apart")]
        assets = tuple(asset for asset in found if asset is not None)
        if len(assets) < len(found):
            return
        if len(set(assets)) < max(2, len(assets)) or len({asset.kind for asset in assets}) > 1:
            self._faults.add(node.place, "apart must list two or more different assets of one kind, each once")
            return
        self._apart.append((DeclaredApart(assets), said.place))

    def _add_alias(self, said: checks.Members) -> None:
        name, of = said.need("name", checks.uri), said.need("of", checks.uri)
        begin, end = said.get("from", checks.moment), said.get("until", checks.moment)
        if name is None or of is None:
            return
        if name.kind != of.kind or name == of:
            self._faults.add(said.place_of("of"), "name and of must be two different assets of one kind")
            return
        if begin is not None and end is not None and end <= begin:
            self._faults.add(said.place_of("until"), "until must be later than from")
            return
        alias = DeclaredAlias(name, of, begin, end)
        for other, place in self._aliases:
            if other.name == name and _overlap(other, alias):
                self._faults.add(
                    said.place_of("name"),
                    f"line {place.line} says of the same name what it stands for at the same time; end one with until",
                )
                return
        self._aliases.append((alias, said.place))


def rule_files(node: Node, faults: Faults, folder: Path) -> tuple[Path, ...]:
    """Return the files that patterns such as rules/*.yaml name, in the order of the patterns, each once."""
    found: dict[Path, None] = {}
    for entry in checks.items(node, faults, "rules"):
        pattern = checks.text(entry, faults)
        if pattern is None:
            continue
        files = _matching(folder, pattern)
        if not files:
            faults.add(
                entry.place, "no file is there; paths and patterns such as rules/*.yaml are relative to this configuration"
            )
        found |= dict.fromkeys(files)
    return tuple(found)


def noise_rules(node: Node, faults: Faults) -> tuple[NoiseRule, ...]:
    """Return the rules that are right; the others are faults."""
    found: dict[str, tuple[NoiseRule, Place]] = {}
    for entry in checks.items(node, faults, "noise"):
        said = checks.members(entry, faults, "a noise rule", _NOISE_KEYS)
        if said is None:
            continue
        rule = _noise_rule(said)
        if rule is None:
            continue
        twice = [place for other, place in found.values() if other.match is None and rule.match is None]
        if rule.name in found:
            line = found[rule.name][1].line
            faults.add(said.place_of("name"), f"a rule of this name stands in line {line} already; rename one")
        elif twice:
            faults.add(said.place_of("when"), f"line {twice[0].line} says this already; take one of the two out")
        else:
            found[rule.name] = (rule, said.place_of("name"))
    return tuple(rule for rule, _ in found.values())


def _noise_rule(said: checks.Members) -> NoiseRule | None:
    name = said.need("name", checks.text)
    kind = said.need("kind", checks.one_of("kind of asset that can be noise", _NOISY_KINDS))
    if "when" not in said.values:
        match = said.need("match", _expression)
        return NoiseRule(name, kind, match) if name and kind and match else None
    when = said.get("when", checks.one_of("condition", _CONDITIONS))
    if "match" in said.values or kind not in ("run", None):
        said.faults.add(said.place_of("when"), "superseded is said of all runs: give kind: run and no match, or leave it out")
        return None
    return NoiseRule(name, kind, None) if name and kind and when else None


def _expression(node: Node, faults: Faults) -> re.Pattern[str] | None:
    written = checks.text(node, faults)
    if written is None:
        return None
    try:
        return re.compile(written)
    except (re.error, RecursionError, OverflowError) as error:
        faults.add(node.place, f"this is no regular expression: {error}")
        return None


def _matching(folder: Path, pattern: str) -> Sequence[Path]:
    """Return the files that a pattern names, by name; a relative one starts from `folder`."""
    path = folder / pattern
    try:
        return sorted(file for file in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if file.is_file())
    except (ValueError, OSError):  # no pattern, or a name that no file can have
        return ()


def _overlap(one: DeclaredAlias, other: DeclaredAlias) -> bool:
    starts = [_BEGINNING if alias.valid_from is None else alias.valid_from for alias in (one, other)]
    ends = [FOREVER if alias.valid_to is None else alias.valid_to for alias in (one, other)]
    return max(starts) < min(ends)
