"""The command `mlgraph`: assembly of its subcommands and global options.

Exit codes: 0 success; 1 the server refused; 2 usage error; 3 the server cannot be reached. Standard output carries only
the answer.
"""

from __future__ import annotations

from typing import Annotated

import typer

from mlgraph.cli import output
from mlgraph.cli.command_session import Commands, Session, Url
from mlgraph.cli.commands import (
    archive_commands,
    change_commands,
    connect_command,
    coverage_commands,
    curation_commands,
    identity_commands,
    ingest_commands,
    query_commands,
    search_commands,
    serve_commands,
    similar_commands,
    team_commands,
)

app = typer.Typer(
    name="mlgraph",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        output.draw(f"mlgraph {version('mlgraph')}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    url: Url = None,
    _version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)] = False,
) -> None:
    """The Model Lifecycle Graph: one live graph over the tools of a company's machine learning."""
    ctx.ensure_object(Session).url = url


_PARTS = (
    serve_commands,
    ingest_commands,
    connect_command,
    query_commands,
    change_commands,
    coverage_commands,
    curation_commands,
    search_commands,
    similar_commands,
    team_commands,
    identity_commands,
    archive_commands,
)
for part in (module.app for module in _PARTS):
    app.add_typer(part)
