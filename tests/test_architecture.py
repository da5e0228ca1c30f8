"""The import contracts are kept, and each of them fails on a planted violation."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

# The layers, highest first, repeated on purpose, so that loosening pyproject.toml fails here.
LAYERS = (
    ("cli",),
    ("demo",),
    ("bootstrap",),
    ("api", "workers", "transports", "stores", "sources", "targets"),
    ("services",),
    ("connectors", "search", "changesets", "inference", "governance", "monitoring", "delivery"),
    ("graph",),
    ("ports", "client", "documents"),
    ("domain",),
)
# The same for the packages that have sub-packages, by the contract's id.
INNER_LAYERS = {
    "graph-layers": (
        ("warmup",),
        ("response",),
        ("noise", "impact", "propagation", "scene"),
        ("traversal", "projection"),
        ("csr",),
        ("model",),
    ),
    "services-layers": (
        ("server",),
        ("discovery", "curation"),
        ("queries", "search", "sources"),
        ("diff",),
        ("projection",),
        ("inference",),
        ("history", "ingest"),
        ("common",),
    ),
    "stores-layers": (("backup",), ("append",), ("postgres",), ("embedded", "base_files", "search_index", "session_files")),
    "api-layers": (("app",), ("fast_path",), ("routes", "graphql", "mcp"), ("schema",), ("http",)),
}
CONTAINERS = {"layers": "mlgraph", **{each: f"mlgraph.{each.removesuffix('-layers')}" for each in INNER_LAYERS}}
ALL_LAYERS = {"layers": LAYERS, **INNER_LAYERS}
PACKAGES = tuple(package for layer in LAYERS for package in layer)
LEVEL = {package: level for level, layer in enumerate(LAYERS) for package in layer}
PURE = tuple(each for each in PACKAGES if LEVEL[each] > LEVEL["services"] and each != "client")
INPUT_OUTPUT = (
    "fastapi",
    "http",
    "httpx",
    "psycopg",
    "requests",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "uvicorn",
)

Plant = Callable[[str, str], None]


def module_in(package: str) -> str:
    """Name of a module for planted imports; in a package with sub-packages it is in the lowest one."""
    layers = INNER_LAYERS.get(f"{package}-layers")
    return f"mlgraph.{package}.{layers[-1][0]}.work" if layers else f"mlgraph.{package}.work"


def lint_imports(directory: Path) -> tuple[int, str]:
    """Exit code and plain output of ``lint-imports`` on the tree in a directory."""
    done = subprocess.run(
        [BIN / "lint-imports", "--no-cache"],
        cwd=directory,
        # The tree's own sources first: another checkout of the project may be installed.
        env={**os.environ, "PYTHONPATH": f"{directory / 'src'}{os.pathsep}{directory}", "NO_COLOR": "1", "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def broken(output: str) -> set[str]:
    """Names of the contracts that the summary lists as BROKEN."""
    return set(re.findall(r"^(.+) BROKEN$", output, re.MULTILINE))


def contracts() -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {each["id"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def contract_names() -> dict[str, str]:
    return {name: contract["name"] for name, contract in contracts().items()}


def written_layers(contract: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Layers of a contract of pyproject.toml, highest first, without the parentheses of optional ones."""
    return tuple(tuple(each.strip(" ()") for each in layer.split("|")) for layer in contract["layers"])


def upward_and_sideways(layers: tuple[tuple[str, ...], ...]) -> set[tuple[str, str]]:
    """Pairs (importer, imported) that the layers refuse."""
    level = {each: number for number, layer in enumerate(layers) for each in layer}
    return {(one, other) for one in level for other in level if one != other and level[one] >= level[other]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Every package of the architecture, empty, under the project's own contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "tests" / "architecture", tmp_path / "tests" / "architecture")
    for package in ("", *PACKAGES):
        folder = tmp_path / "mlgraph" / package
        folder.mkdir(exist_ok=True, parents=True)
        (folder / "__init__.py").touch()
    return tmp_path


@pytest.fixture
def plant(tree: Path) -> Plant:
    def write(module: str, line: str) -> None:
        file = tree.joinpath(*module.split(".")).with_suffix(".py")
        file.parent.mkdir(exist_ok=True, parents=True)
        for folder in file.relative_to(tree).parents[:-1]:
            (tree / folder / "__init__.py").touch()
        with file.open("a") as out:
            out.write(f"{line}\n")

    return write


def test_this_project_satisfies_its_contracts() -> None:
    code, output = lint_imports(ROOT)
    assert code == 0, output


def test_allowed_imports_break_no_contract(tree: Path, plant: Plant) -> None:
    for importer in PACKAGES:
        # Commands reach the rest of the product through bootstrap and the demo only.
        allowed = ("demo", "bootstrap", "client", "domain") if importer == "cli" else PACKAGES
        for imported in allowed:
            inside = importer in PURE and imported == "client"
            graph_aside = (importer, imported) == ("connectors", "graph")
            if LEVEL[importer] < LEVEL[imported] and not inside and not graph_aside:
                plant(module_in(importer), f"import mlgraph.{imported}")
    for importer in ("client", "services", "stores"):
        for module in INPUT_OUTPUT:
            plant(module_in(importer), f"import {module}")
    plant("mlgraph.domain.work", "import json, urllib.parse\nfrom mlgraph.domain import __name__")
    code, output = lint_imports(tree)
    assert code == 0, output


def test_a_package_may_be_absent(tree: Path) -> None:
    # Packages with sub-packages must exist.
    for package in PACKAGES:
        if package != "domain" and f"{package}-layers" not in INNER_LAYERS:
            shutil.rmtree(tree / "mlgraph" / package)
    code, output = lint_imports(tree)
    assert code == 0, output


@pytest.mark.parametrize("contract", CONTAINERS)
def test_the_layers_are_those_of_pyproject(contract: str) -> None:
    written = contracts()[contract]
    assert written_layers(written) == ALL_LAYERS[contract]
    assert written["containers"] == [CONTAINERS[contract]]
    assert written["exhaustive"] is True


def test_every_package_below_services_is_pure() -> None:
    assert set(contracts()["pure-core"]["source_modules"]) == {f"mlgraph.{each}" for each in PURE}


@pytest.mark.parametrize("contract", CONTAINERS)
def test_imports_upwards_and_between_siblings_break_the_layers(tree: Path, plant: Plant, contract: str) -> None:
    container, pairs = CONTAINERS[contract], upward_and_sideways(ALL_LAYERS[contract])
    for importer, imported in pairs:
        plant(f"{container}.{imported}.work", "")
        plant(f"{container}.{importer}.work", f"import {container}.{imported}")
    code, output = lint_imports(tree)
    assert code == 1, output
    assert contract_names()[contract] in broken(output)
    prefix = re.escape(container)
    found = re.findall(rf"^{prefix}\.(\w+) is not allowed to import {prefix}\.(\w+):", output, re.MULTILINE)
    assert pairs <= set(found)


@pytest.mark.parametrize("contract", CONTAINERS)
def test_a_package_outside_the_layers_breaks_them(tree: Path, plant: Plant, contract: str) -> None:
    plant(f"{CONTAINERS[contract]}.utils.work", "")
    code, output = lint_imports(tree)
    assert code == 1, output
    assert broken(output) == {contract_names()[contract]}
    assert f"{CONTAINERS[contract]}.utils" in output


def test_input_and_output_break_every_pure_package(tree: Path, plant: Plant) -> None:
    for importer in PURE:
        for module in INPUT_OUTPUT:
            plant(module_in(importer), f"import {module}")
    code, output = lint_imports(tree)
    assert code == 1, output
    names = contract_names()
    assert broken(output) == {names["pure-core"], names["domain-standard-library"]}
    found = re.findall(r"^mlgraph\.(\w+) is not allowed to import (\w+):", output, re.MULTILINE)
    assert {(importer, module) for importer in PURE for module in INPUT_OUTPUT} <= set(found)


# One or more planted violations for each contract: (importing module, import, the contracts that must fail).
VIOLATIONS = (
    ("mlgraph.domain.uri", "import mlgraph.graph", {"layers"}),
    ("mlgraph.connectors.mlflow", "import mlgraph.connectors.openlineage", {"connectors-independent"}),
    ("mlgraph.connectors.mlflow", "import mlgraph.graph", {"connectors-no-graph"}),
    ("mlgraph.graph.csr.arrays", "import mlgraph.graph.traversal", {"graph-layers"}),
    ("mlgraph.services.common.metrics", "import mlgraph.services.queries", {"services-layers"}),
    ("mlgraph.stores.append.writer", "import mlgraph.stores.backup", {"stores-layers"}),
    ("mlgraph.api.http.limits", "import mlgraph.api.routes", {"api-layers"}),
    ("mlgraph.graph.traversal.walk", "import mlgraph.client", {"pure-core"}),
    ("mlgraph.search.rank", "def read():\n    from http.client import HTTPConnection", {"pure-core"}),
    ("mlgraph.domain.uri", "import numpy", {"domain-standard-library"}),
    ("mlgraph.domain.uri", "import not_on_any_list", {"domain-standard-library"}),
    ("mlgraph.cli.show", "import mlgraph.services", {"cli-through-client"}),
    ("mlgraph.graph.csr.base", "import mlgraph.graph.csr.overlay", {"no-cycles"}),
)


@pytest.mark.parametrize(("importer", "line", "contracts"), VIOLATIONS)
def test_a_planted_violation_is_named(tree: Path, plant: Plant, importer: str, line: str, contracts: set[str]) -> None:
    plant("mlgraph.connectors.openlineage", "")
    plant("mlgraph.graph.csr.overlay", "import mlgraph.graph.csr.base")
    for package in ("graph.traversal", "services.queries", "stores.backup", "api.routes"):
        plant(f"mlgraph.{package}.work", "")
    plant(importer, line)
    if importer != "mlgraph.graph.csr.base":
        plant("mlgraph.graph.csr.base", "")
    code, output = lint_imports(tree)
    assert code == 1, output
    assert broken(output) == {contract_names()[each] for each in contracts}
    # The output has the last part of a module's name for cycles, and the full name otherwise.
    assert importer in output or f".{importer.rpartition('.')[2]}" in output


def test_every_contract_has_a_planted_violation() -> None:
    assert set(contract_names()) == {each for _, _, contracts in VIOLATIONS for each in contracts}


@pytest.mark.parametrize(
    ("file", "source", "refused"),
    [
        ("src/mlgraph/services/a.py", "import importlib\n\nimportlib.import_module('json')\n", True),
        ("src/mlgraph/services/a.py", "from importlib import import_module\n", True),
        ("src/mlgraph/domain/a.py", "from urllib.request import urlopen\n", True),
        ("src/mlgraph/bootstrap/a.py", "from importlib import import_module\n", False),
        ("src/mlgraph/domain/a.py", "from urllib.parse import quote\n", False),
    ],
)
def test_ruff_refuses_dynamic_imports_outside_bootstrap(file: str, source: str, refused: bool) -> None:
    done = subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--output-format", "concise", "--stdin-filename", file, "-"],
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("TID251" in done.stdout) is refused, done.stdout + done.stderr
