"""Documentation is checked against the code: links, anchors, commands, make targets, facts in examples, error messages."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.payloads.payload import Located
from mlgraph.ports.connector import PulledConnector

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
GLOSSARY = ROOT / "docs" / "glossary.md"
TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"
FACT = re.compile(r'^\{"(?:asset|edge|retract)": \{"(?:uri|source)": .*\}\}$', re.MULTILINE)


def links(page: str) -> list[tuple[str, str]]:
    """Return file and anchor of every link to a place in this repository; the file is empty for the page itself."""
    without_comments = re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    found = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", without_comments)
    return [(file, anchor) for file, anchor in found if "://" not in file and not file.startswith("mailto:")]


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def make_targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def named_commands(page: str) -> set[str]:
    """Return the commands in the code of a page; blocks of `text` show messages."""
    commands = re.sub(r"```text\n.*?```", "", page, flags=re.DOTALL)
    code = "\n".join(re.findall(r"```.*?```|`[^`]+`", commands, re.DOTALL))
    found = set(re.findall(r"(?:^|[`/ $])mlgraph ([a-z][a-z-]+)(?![\w.])", code))
    return found - {"is"}  # `mlgraph is ready at URL`


@cache
def messages() -> str:
    """Return all string literals of the sources except docstrings, with `...` for the variable parts of f-strings."""
    found: list[str] = []
    for file in SOURCES.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values))
    return "\n".join(found)


def shown_messages(page: str) -> list[str]:
    """Return the messages in the `text` blocks of the troubleshooting page."""
    blocks = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_have_existing_files_and_headings(page: Path) -> None:
    for file, anchor in links(page.read_text(encoding="utf-8")):
        target = page.parent / file if file else page
        assert target.exists(), f"{page.name} links to {file}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page.name} links to {file}#{anchor}"


def test_named_make_targets_exist() -> None:
    targets = make_targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z]+)|^make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        missing = {name for pair in named for name in pair if name} - targets
        assert not missing, f"{page.name}: {missing}"


def test_named_commands_exist() -> None:
    program = Path(sys.executable).parent / "mlgraph"
    shown = subprocess.run([str(program), "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}).stdout
    known = set(re.findall(r"^\W*([a-z][a-z-]+)\s{2,}", shown, re.MULTILINE))
    assert {"up", "lineage", "impact", "export"} <= known
    for page in PAGES:
        missing = named_commands(page.read_text(encoding="utf-8")) - known
        assert not missing, f"{page.relative_to(ROOT)}: {missing}"


def test_facts_in_examples_are_accepted() -> None:
    pages = [page for page in PAGES if "docs" in page.parts and page.name != "add-a-relation.md"]  # which extends the vocabulary
    lines = [line for page in pages for line in FACT.findall(page.read_text(encoding="utf-8")) if '"?' not in line]
    assert len(lines) > 10
    for line in lines:
        assert parse_line(Located(json.loads(line)), "facts"), line


def test_messages_of_the_troubleshooting_page_are_in_the_sources() -> None:
    shown = shown_messages(TROUBLESHOOTING.read_text(encoding="utf-8"))
    assert len(shown) > 15
    texts = messages()
    assert [part for message in shown for part in message.split("...") if part.strip() not in texts] == []


def test_the_table_of_connectors_is_the_registry() -> None:
    page = ROOT / "docs" / "connectors" / "README.md"
    rows = re.findall(r"^\| \[(\w+)\]\((\S+)\) \| (.+) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [
        (
            each.name,
            f"{each.name}.md",
            " | ".join(
                (
                    _yes(each.accepts_events),
                    _yes(isinstance(each, PulledConnector)),
                    ", ".join(f"`{prefix}*`" for prefix in each.cloudevent_types) or "none",
                    _yes(each.mentions_in_passing),
                )
            ),
        )
        for each in installed_connectors()
    ]


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def glossary(page: str) -> list[tuple[str, str]]:
    """Return each term of the glossary and the dotted name of its code."""
    return re.findall(r"^\| ([^|]+) \| [^|]+ \| `([\w.]+)` \|$", page, re.MULTILINE)


def is_defined(name: str) -> bool:
    """Return whether a dotted name, such as `mlgraph.ports.store.Actor`, is a definition in a module, or a member of one."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = SOURCES.joinpath(*parts[:length]).with_suffix(".py")
        if module.is_file():
            body = ast.parse(module.read_text(encoding="utf-8")).body
            for part in parts[length:]:
                found = [node for node in body if part in _names(node)]
                if not found:
                    return False
                body = getattr(found[0], "body", [])
            return True
    return False


def _names(node: ast.stmt) -> set[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case _:
            return set()


def test_each_term_of_the_glossary_names_code_that_exists() -> None:
    page = GLOSSARY.read_text(encoding="utf-8")
    terms = glossary(page)
    assert len(terms) == len(re.findall(r"^\| ", page, re.MULTILINE)) - page.count("| term |")
    assert len({term for term, _ in terms}) == len(terms) > 40
    assert [name for _, name in terms if not is_defined(name)] == []


def test_the_checks_find_planted_faults() -> None:
    assert links("see [a](gone.md), [b](https://x.example/y) <!-- [c](later.md) -->") == [("gone.md", "")]
    assert links("see [a](page.md#part) and [b](#here)") == [("page.md", "part"), ("", "here")]
    assert anchors("# One name\n```sh\n# no heading\n```\n## `up`: 2 ways") == {"one-name", "up-2-ways"}
    assert named_commands("`mlgraph vanish URI`") == {"vanish"}
    assert make_targets("lint: setup\n\techo") == {"lint"}
    assert shown_messages("```text\nno such ...\n```") == ["no such ..."]
    assert named_commands("```text\nstart the newer mlgraph that wrote it\n```") == set()
    texts = messages()
    assert "a bearer token is needed" in texts
    assert "a sentence that the page makes up" not in texts
    assert glossary("| term | text | in the code |\n| actor | Who. | `mlgraph.x.Y` |") == [("actor", "mlgraph.x.Y")]
    assert is_defined("mlgraph.domain.vocabulary.KINDS")
    assert is_defined("mlgraph.domain.facts.EdgeFact.origin")
    assert not is_defined("mlgraph.domain.facts.EdgeFact.gone")
    assert not is_defined("mlgraph.domain.facts.Gone")
    assert not is_defined("mlgraph.gone.Fact")


def citations(source: str) -> list[str]:
    """Return the anchors of the specification that a source text cites."""
    return re.findall(r"docs/spec\.md#([\w-]+)", source)


def test_cited_sections_of_the_specification_exist() -> None:
    sections = anchors((ROOT / "docs" / "spec.md").read_text(encoding="utf-8"))
    files = [file for folder in ("src", "tests", "benchmarks") for file in (ROOT / folder).rglob("*.py")]
    files.remove(Path(__file__))
    cited = {(file, anchor) for file in files for anchor in citations(file.read_text(encoding="utf-8"))}
    assert {f"{file.relative_to(ROOT)}: #{anchor}" for file, anchor in cited if anchor not in sections} == set()
    assert {"1-state", "3-asset-level", "facts"} <= {anchor for _, anchor in cited}, "the code cites the specification"


def test_a_citation_is_found() -> None:
    assert citations("See docs/spec.md#3-asset-level, and docs/spec.md#gone.") == ["3-asset-level", "gone"]


def module_exists(name: str) -> bool:
    path = SOURCES.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize(
    "page", ["architecture.md", "how-to/add-a-query.md", "how-to/add-a-relation.md", "how-to/debug-an-answer.md"]
)
def test_modules_that_a_page_names_exist(page: str) -> None:
    named = set(re.findall(r"`(mlgraph(?:\.[a-z_]+)+)`", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    assert {name for name in named if not module_exists(name)} == set()
    assert len(named) > 2


def test_the_architecture_page_has_the_layers_of_the_contracts() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        package = contract["id"].removesuffix("-layers")
        if contract["type"] == "layers" and package in ("graph", "services", "stores", "api"):
            row = next(line for line in page.splitlines() if line.startswith(f"| `{package}` | ") and "; " in line)
            shown = [re.findall(r"`(\w+)`", layer) for layer in row.split("|", 2)[2].split(";")]
            assert shown == [re.findall(r"\w+", layer) for layer in contract["layers"]], package


def test_a_module_that_does_not_exist_is_found() -> None:
    assert module_exists("mlgraph.graph.projection.build")
    assert not module_exists("mlgraph.graph.build")
