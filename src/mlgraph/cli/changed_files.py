"""`mlgraph impact --changed`: the impact of changed files, as a comment for a pull request or as JSON, with an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from mlgraph.cli import output
from mlgraph.cli.command_session import connected
from mlgraph.cli.git_changes import GitError, changed_sources
from mlgraph.cli.renderers import pull_request_comment

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.changed_files_shapes import ChangedFile

_LISTED: Final = 1_000
"""Assets that a comment may list: more do not fit."""

Changed = Annotated[
    bool, typer.Option("--changed", help="The arguments are changed files (none: all since the merge base with --base).")
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base", metavar="REF", help="With --changed: the branch to merge into. [default: that of the CI run, or main]"
    ),
]
Head = Annotated[
    str | None,
    typer.Option(
        "--head", metavar="REF", help="With --changed: the commit to look at, unchecked out. [default: the working tree]"
    ),
]
Format = Annotated[
    Literal["markdown", "json"] | None, typer.Option("--format", help="With --changed: a comment, or the HTTP body.")
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="THRESHOLD",
        help="With --changed: exit with 1 for breaks_now, severity:LEVEL, or more than N assets, of what is certain.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="With --changed: exit with 1 if nothing is known of a file; count what is possible too."),
]


def impact_of_changed_files(
    ctx: typer.Context,
    files: Sequence[str],
    *,
    base: str | None,
    head: str | None,
    form: Literal["markdown", "json"],
    fail_on: str | None,
    strict: bool,
    limit: int | None,
    url: str | None,
) -> None:
    """Print what changed files affect. Raises `typer.Exit` with 1 if that is above the threshold."""
    try:
        sources = changed_sources(files, base, head)
    except GitError as error:
        output.fail(error.what, then=error.then)
        raise typer.Exit(output.WRONG_USAGE) from None
    if sources.unchanged:
        output.notify(f"{output.count(len(sources.unchanged), 'file')} not changed since the merge base with {sources.base}")
    changes: list[ChangedFile] = list(sources.files)
    most = limit if limit is not None or form == "json" else _LISTED
    with connected(ctx, url, form == "json") as server:
        answer = server.impact_of_files(changes, fail_on=fail_on, strict=strict, limit=most)
        data = answer.data
        if form == "json":
            output.write(answer.body)
        else:
            output.write(pull_request_comment.comment(data, sources.base, server.url).encode())
    for reason in data["failed"]:
        output.notify(f"Above the threshold: {reason}")
    if data["failed"]:
        raise typer.Exit(output.REFUSED)
