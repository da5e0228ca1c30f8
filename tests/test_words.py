"""The vocabulary of identifiers: the field's nouns instead of everyday verbs, and one class for each class name.

Prose is not checked: a sentence may use these words in their ordinary sense. A name may not, because a reader searches for names.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
STANDARD_NOUNS: Final = {
    "report, assert, commit, answer": "told tell tells telling teller said say says saying unsaid heard hear hears spoken speaks",
    "source, actor, origin": "voice voices givers makers nobody somebody",
    "start, stop": "begun began goes went",
    "from scratch, rebuilt, restored": "anew revived",
    "prefetch, cache, retained, stored": "ahead remembered remember kept keep keeps lent",
    "valid, open, known, owner": "held hold holds holding holder",
    "parent, complete, full": "whole wholes",
    "resolved name, alias, edge, neighbor": "bearer led kin",
    "context, location, affected, asset, statement": "surroundings situated concerned thing things deeds aught",
    "query, rendering": "question questions picture pictures",
    "certain, exact, uncertain": "surely sure unsure firm",
    "validate, accept, interpret": "judged understood",
    "merge, distribute, transfer": "united spread pour",
    "adjust, limit, lock": "tend tuned frugal pins",
    "error, heartbeat, anomaly": "trouble breath strange",
}
"""What to write instead of which words in names (docs/glossary.md)."""
BANNED: Final = {word: nouns for nouns, words in STANDARD_NOUNS.items() for word in words.split()}
BANNED_IN_TESTS: Final = frozenset(
    {"told", "tells", "said", "says", "unsaid", "heard", "hears", "anew", "begun", "aught", "judged", "understood"}
)
"""Of these, what a test's name may not have either: it is a sentence, in which the other words are ordinary verbs."""
ALLOWED: Final = {
    "held_out": "held-out data is the term of machine learning",
    "HELD_OUT": "the same",
    "HELD_OUT_ROLES": "the same",
    "holds": "a field of the JSON answer of GET /why",
    "bearer": "the authentication scheme of RFC 6750",
}
"""Names that have a banned part for a reason."""
SHARED_CLASS_NAMES: Final = {
    "Connector": "the port that plug-ins implement, and the JSON object of GET /connectors as clients and OpenAPI name it",
}
"""Class names that two modules of `src` define for a reason."""


def parts_of(name: str) -> set[str]:
    """Words of a name in snake_case, CamelCase or UPPER_CASE, in lower case."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)}


def defined_names(source: str) -> Iterator[tuple[str, int]]:
    """Every name that a source text defines, with its line: functions, classes, parameters, variables, attributes, aliases."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno
            case ast.MatchMapping(rest=str(name)):
                yield name, node.lineno
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((alias.asname, node.lineno) for alias in aliases if alias.asname)


def banned_names(file: str, source: str) -> Iterator[tuple[str, int]]:
    """Names with a banned part that a file has in its path (line 0) or defines. `file` is relative to the repository."""
    path_names = ((part.removesuffix(".py"), 0) for part in Path(file).parts)
    for name, line in (*path_names, *defined_names(source)):
        banned = BANNED_IN_TESTS if name.startswith("test_") else BANNED.keys()
        if name not in ALLOWED and parts_of(name) & banned:
            yield name, line


def shared_class_names(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Class names that several definitions have, each with the files. `sources`: pairs of file and text."""
    files = defaultdict(list)
    for file, source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                files[node.name].append(file)
    return {name: found for name, found in files.items() if len(found) > 1}


def sources_of(*folders: str) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield str(file.relative_to(ROOT)), file.read_text()


def test_names_use_the_fields_vocabulary() -> None:
    faults = []
    for file, source in sources_of("src", "tests", "benchmarks"):
        for name, line in banned_names(file, source):
            nouns = "; ".join(sorted(BANNED[part] for part in parts_of(name) & BANNED.keys()))
            faults.append(f"{file}:{line}: {name}: use a standard noun: {nouns}")
    assert faults == []


def test_every_allowed_name_is_in_use() -> None:
    names = {name for _, source in sources_of("src", "tests", "benchmarks") for name, _ in defined_names(source)}
    assert set(ALLOWED) <= names


@pytest.mark.parametrize(
    ("file", "source", "faults"),
    [
        ("src/a.py", "def told(said):\n    anew = said", [("told", 1), ("said", 1), ("anew", 2)]),
        ("src/a.py", "class WholeThings:\n    kept: int", [("WholeThings", 1), ("kept", 2)]),
        ("src/a.py", "async def f(*kin, **deeds): ...", [("kin", 1), ("deeds", 1)]),
        ("src/a.py", "self.is_held = 1\nMOST_KEPT = 2", [("is_held", 1), ("MOST_KEPT", 2)]),
        ("src/a.py", "for told, (said, x) in y: ...", [("told", 1), ("said", 1)]),
        ("src/a.py", "from b import c as heard\nx = [kin for kin in y]", [("heard", 1), ("kin", 2)]),
        ("src/a.py", "try: ...\nexcept OSError as trouble: ...", [("trouble", 2)]),
        ("src/a.py", "match x:\n    case {'a': told, **heard}: ...", [("heard", 2), ("told", 2)]),
        ("src/a.py", "def f(x): return (said := x)", [("said", 1)]),
        ("src/heard/kept_rows.py", "", [("heard", 0), ("kept_rows", 0)]),
        ("tests/test_a.py", "def test_what_was_told_is_kept(kept): ...", [("test_what_was_told_is_kept", 1), ("kept", 1)]),
        ("tests/test_a.py", "def test_a_cache_that_keeps_ten(): ...", []),
        ("src/a.py", "held_out = threshold = household = 'told'\nf(told=held, x=kept)\nthin.kept", []),
    ],
)
def test_a_banned_name_is_found(file: str, source: str, faults: list[tuple[str, int]]) -> None:
    assert sorted(banned_names(file, source)) == sorted(faults)


def test_a_class_name_stands_for_one_class() -> None:
    assert set(shared_class_names(sources_of("src"))) == set(SHARED_CLASS_NAMES)


def test_a_class_name_of_two_classes_is_found() -> None:
    twice = [("a.py", "class Card: ...\nclass Other: ..."), ("b.py", "def f():\n    class Card: ...")]
    assert shared_class_names(twice) == {"Card": ["a.py", "b.py"]}
    assert shared_class_names([("a.py", "class Card:\n    class Card: ...")]) == {"Card": ["a.py", "a.py"]}
    assert shared_class_names([("a.py", "class Card: ..."), ("b.py", "from a import Card")]) == {}
