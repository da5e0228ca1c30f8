"""Comparison of what files define before and after: columns dropped, renamed, of another type or value; assets that go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlgraph.changesets.definitions import NO_COLUMNS, ChangeKind, Columns, Definition, DefinitionChange, Target


class LocatedDefinition(NamedTuple):
    """A definition with the path of its file."""

    path: str
    definition: Definition


_Key = tuple[str, str, str, str]


def compare(before: Sequence[LocatedDefinition], after: Sequence[LocatedDefinition]) -> Iterator[DefinitionChange]:
    """Yield the changes from the definitions `before` to those `after`, of all files together.

    An asset whose definition moved to another file is not gone. New assets yield nothing, because nothing can use them yet.
    """
    old, new = _by_key(before), _by_key(after)
    gone = [key for key in old if key not in new]
    fresh = [key for key in new if key not in old]
    for key, earlier in old.items():
        if key in new:
            yield from _each(earlier, new[key])
        elif (renamed := _renamed(key, old, gone, new, fresh)) is not None:
            name = new[renamed][0].definition.target.name
            yield from _retired(earlier[0], f"is renamed to {name}", name)
        else:
            yield from _retired(earlier[0], "is no longer defined")


def added(before: Sequence[LocatedDefinition], after: Sequence[LocatedDefinition]) -> Iterator[tuple[str, Target]]:
    """Yield path and target of each asset that only `after` defines."""
    old = _by_key(before)
    for key, found in _by_key(after).items():
        if key not in old:
            yield found[0].path, found[0].definition.target


def _by_key(located: Sequence[LocatedDefinition]) -> dict[_Key, list[LocatedDefinition]]:
    found: dict[_Key, list[LocatedDefinition]] = {}
    for each in located:
        target = each.definition.target
        key = target.kind, target.qualifier.lower(), (target.uri or target.name).lower(), each.definition.form
        found.setdefault(key, []).append(each)
    return found


def _renamed(
    key: _Key,
    old: dict[_Key, list[LocatedDefinition]],
    gone: list[_Key],
    new: dict[_Key, list[LocatedDefinition]],
    fresh: list[_Key],
) -> _Key | None:
    """Return the one new definition with the same content as the one that is gone, if there is no other of either."""

    def same(other: _Key, among: dict[_Key, list[LocatedDefinition]]) -> bool:
        left, right = old[key][0].definition, among[other][0].definition
        shape = left.columns, left.content, left.is_open, left.excluded
        return (
            other[0] == key[0] and other[3] == key[3] and shape == (right.columns, right.content, right.is_open, right.excluded)
        )

    candidates = [other for other in fresh if same(other, new)]
    rivals = [other for other in gone if same(other, old)]
    return candidates[0] if len(candidates) == len(rivals) == 1 else None


def _retired(earlier: LocatedDefinition, detail: str, renamed_to: str | None = None) -> Iterator[DefinitionChange]:
    path, definition = earlier
    if definition.creates:
        yield DefinitionChange(path, definition.target, "retire", detail, certain=definition.certain, renamed_to=renamed_to)
    elif definition.content:
        yield DefinitionChange(path, definition.target, "values", "is no longer written here", certain=definition.certain)


def _each(before: list[LocatedDefinition], after: list[LocatedDefinition]) -> Iterator[DefinitionChange]:
    """Yield the changes of one asset, which several statements may write: these are compared in their order."""
    if len(before) != len(after):
        if {one.definition for one in _hashable(before)} != {one.definition for one in _hashable(after)}:
            yield DefinitionChange(after[0].path, after[0].definition.target, "values", "is written by other statements")
        return
    for earlier, later in zip(before, after, strict=True):
        yield from _of_definition(later.path, earlier.definition, later.definition)


class _Comparable(NamedTuple):
    definition: tuple[object, ...]


def _hashable(located: list[LocatedDefinition]) -> Iterator[_Comparable]:
    for _, definition in located:
        columns = tuple(sorted((definition.columns or NO_COLUMNS).items()))
        yield _Comparable((columns, definition.content, definition.is_open, definition.excluded))


def _of_definition(path: str, before: Definition, after: Definition) -> Iterator[DefinitionChange]:
    target, certain = before.target, after.certain and before.certain
    if before.columns is not None and after.columns is not None:
        for change in _ColumnComparison(path, before, after).changes():
            if change.change != "values" or before.content == after.content:  # else all values change
                yield change
    if before.content != after.content:
        yield DefinitionChange(path, target, "values", "is computed in another way", certain=certain)


class _ColumnComparison:
    """The changes of the columns of one asset."""

    def __init__(self, path: str, before: Definition, after: Definition) -> None:
        self._path = path
        self._before, self._after = before, after
        self._old: Columns = before.columns or NO_COLUMNS
        self._new: Columns = after.columns or NO_COLUMNS
        self._certain = before.certain and after.certain

    def changes(self) -> Iterator[DefinitionChange]:
        """Yield the changes, in the order of the columns before."""
        for key in self._old:
            if key in self._new:
                yield from self._changed(key)
            else:  # with `SELECT *`, the column may still be there
                yield self._dropped(key, certain=not self._after.is_open or key in self._after.excluded)
        for name in sorted(self._after.excluded - self._before.excluded - self._old.keys() - self._new.keys()):
            if self._before.is_open:
                yield self._drop(name, None, certain=self._certain)
        if self._before.is_open and not self._after.is_open:
            retained = frozenset(self._new) | self._before.excluded
            detail = f"keeps only {', '.join(sorted(self._new))[:200]}"
            yield DefinitionChange(self._path, self._before.target, "schema", detail, certain=self._certain, retained=retained)

    def _changed(self, key: str) -> Iterator[DefinitionChange]:
        old, new = self._old[key], self._new[key]
        change: ChangeKind | None = None
        detail = ""
        if old.type != new.type and (old.type or new.type):
            known = old.type is not None and new.type is not None
            change, detail = "schema", f"changes the type of {old.name} from {old.type or 'another'} to {new.type or 'another'}"
            if not known and not (old.expression and new.expression):
                return  # a file that begins to name a type does not change the type
        elif old.expression != new.expression:
            change, detail = "values", f"computes {old.name} in another way"
        if change is not None:
            yield DefinitionChange(self._path, self._before.target, change, detail, old.name, self._certain)

    def _dropped(self, key: str, *, certain: bool) -> DefinitionChange:
        return self._drop(self._old[key].name, self._rename_of(key), certain=certain and self._certain)

    def _drop(self, name: str, renamed: str | None, *, certain: bool) -> DefinitionChange:
        target = self._before.target
        if not self._before.creates and self._before.form == "write":
            return DefinitionChange(self._path, target, "values", f"no longer writes {name}", name, certain)
        detail = f"renames {name} to {renamed}" if renamed else f"drops {name}"
        return DefinitionChange(self._path, target, "schema", detail, name, certain, renamed)

    def _rename_of(self, key: str) -> str | None:
        """Return the new name of a column: declared, by identity, or the one added column with the same expression."""
        old = self._old[key]
        fresh = [column for name, column in self._new.items() if name not in self._old]
        for column in fresh:
            if key in {name.lower() for name in column.former} or (old.identity and old.identity == column.identity):
                return column.name
        if old.expression is None:
            return None
        same = [column for column in fresh if (column.expression, column.type) == (old.expression, old.type)]
        lost = [name for name, column in self._old.items() if name not in self._new and column.expression == old.expression]
        return same[0].name if len(same) == len(lost) == 1 else None
