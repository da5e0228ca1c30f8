"""services, api and cli do not name any connector: only connectors and the registry have names of formats and tools."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from mlgraph.bootstrap.connectors import installed_connectors

SOURCES = Path(__file__).resolve().parents[1] / "src" / "mlgraph"
PACKAGES = ("services", "api", "cli")
CONTRACT = {
    # By the specification POST /api/v1/lineage takes OpenLineage; these texts describe it in the OpenAPI document.
    ("api/routes/intake.py", "openlineage"),
    ("api/routes/intake.py", "Send OpenLineage events"),
    ("api/schema/operations.py", "https://github.com/OpenLineage/OpenLineage"),
    ("api/schema/operations.py", "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"),
    ("api/schema/operations.py", "io.openlineage.run"),
    # The specification's example of POST /api/v1/sources.
    ("api/routes/connections.py", "mlflow"),
    ("api/routes/connections.py", "http://mlflow.internal:5000"),
    # Changes that dbt names, and its command, are part of the answers about a pull request.
    ("services/discovery/pull_requests/changed_files_answer.py", "dbt"),
    ("api/schema/operations.py", "dbt"),
    ("cli/renderers/pull_request_comment.py", "- <code>dbt build --select</code> "),
    ("cli/renderers/pull_request_comment.py", "dbt"),
    # Examples of assets: the namespace of a model is that of its registry.
    ("api/routes/similar.py", "mlg://model/mlflow%3Aprod/movie-vectors"),
    ("api/routes/similar.py", "mlg://model/mlflow%3Aprod/title-embedding"),
    ("api/schema/similar_examples.py", "mlg://model/mlflow%3Aprod/movie-vectors"),
    ("api/schema/similar_examples.py", "mlg://model/mlflow%3Aprod/title-embedding"),
    ("api/schema/portal_examples.py", "mlg://model_version/mlflow%3Aprod/ranker%2F7"),
    ("api/schema/portal_examples.py", "mlgraph annotate 'mlg://model/mlflow%3Aprod/ranker' --owner '<TEAM>'"),
}


def literals(source: str) -> Iterator[str]:
    """String literals of a module, including parts of f-strings, without docstrings and attribute docstrings."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def naming(source: str, names: tuple[str, ...]) -> list[str]:
    return [text for text in literals(source) if any(name in text.lower() for name in names)]


def test_no_connector_is_named() -> None:
    names = tuple(each.name for each in installed_connectors())
    assert {"openlineage", "mlflow"} <= set(names)
    found = {
        (str(file.relative_to(SOURCES)), text)
        for package in PACKAGES
        for file in (SOURCES / package).rglob("*.py")
        for text in naming(file.read_text("utf-8"), names)
    }
    assert found == CONTRACT, "remove exceptions that are no longer needed"


def test_the_check_finds_names_in_code_and_not_in_prose() -> None:
    source = 'X = "mlflow"\n"""Not mlflow."""\ndef f(x):\n    """mlflow"""\n    return f"{x}:OpenLineage!"\n'
    assert sorted(naming(source, ("mlflow", "openlineage"))) == [":OpenLineage!", "mlflow"]


def test_none_of_their_modules_imports_a_connector() -> None:
    for package in PACKAGES:
        for file in (SOURCES / package).rglob("*.py"):
            assert "mlgraph.connectors" not in "".join(
                line for line in file.read_text("utf-8").splitlines() if line.startswith(("import ", "from "))
            ), file
