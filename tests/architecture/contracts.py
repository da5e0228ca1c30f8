"""Contract types that import-linter lacks; pyproject.toml names them, ``lint-imports`` loads them."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.contracts.forbidden import ForbiddenContract


class ForbiddenWherePresentContract(ForbiddenContract):
    """A ``forbidden`` contract whose modules may be absent, like the layers in parentheses.

    The base class fails for a module that does not exist, but a package is created only with its first code.
    """

    type_name = "forbidden_where_present"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        contract: Any = self  # import-linter replaces the declared fields by their parsed values, which mypy does not know
        for name in ("source_modules", "forbidden_modules"):
            modules = getattr(contract, name)
            setattr(contract, name, {each for each in modules if _may_be_checked(each.expression, graph)})
        return super().check(graph, verbose)


class StandardLibraryOnlyContract(Contract):
    """The packages may import only this project and Python's standard library.

    The layers restrict imports of the project's own packages; this contract rejects third-party distributions of any name,
    which a list of forbidden modules cannot.
    """

    type_name = "standard_library_only"
    packages = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - the base's signature
        contract: Any = self
        violations = [
            f"{importer} -> {imported}"
            for package in contract.packages
            for importer in sorted({package, *graph.find_descendants(package)})
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not _is_ours_or_standard(imported)
        ]
        return ContractCheck(kept=not violations, metadata={"violations": violations})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for violation in check.metadata["violations"]:
            output.print_error(f"{violation} (not in the standard library)", bold=False)


def _may_be_checked(module: str, graph: ImportGraph) -> bool:
    return not module.startswith("mlgraph.") or module in graph.modules


def _is_ours_or_standard(module: str) -> bool:
    top = module.split(".", 1)[0]
    return top == "mlgraph" or top in sys.stdlib_module_names
