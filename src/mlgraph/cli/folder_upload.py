"""Upload of the files of a tool without a server, read where the command runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mlgraph.cli import output
from mlgraph.cli.renderers.warning_lines import warning_lines
from mlgraph.domain.errors import InvalidInput

if TYPE_CHECKING:
    from mlgraph.client import Client


def is_folder_of(tool: str, address: str) -> bool:
    """Return whether an address is a folder that the connector of `tool` reads; a URL is none."""
    if "://" in address:
        return False
    from mlgraph.bootstrap.tool_folders import reads_folder

    return reads_folder(tool)


def send_folder(
    server: Client, tool: str, folder: str, *, place: str | None, scope: str | None, profiles: Path | None, as_json: bool
) -> None:
    """Send what the files in a folder say, with what the server knows of their subject. Raises `typer.BadParameter`."""
    from mlgraph.bootstrap.tool_folders import tool_folder

    try:
        found = tool_folder(tool, Path(folder), place=place, scope=scope, profiles=profiles)
    except InvalidInput as error:
        raise typer.BadParameter(error.detail, param_hint="FOLDER") from None
    payload = found.payload(_known_properties(server, str(found.subject)))
    answer = server.ingest_lines(tool, [json.dumps(payload).encode() + b"\n"])
    if as_json:
        output.write(answer.body)
    for line in warning_lines(answer.data, lambda _: folder):
        output.notify(line)
    for rejected in answer.data["rejected"]:
        output.fail(rejected["message"], where=f"{folder} {rejected['pointer']}")
        raise typer.Exit(output.REFUSED)
    if not as_json:
        output.draw(f"read {output.plain(found.content.summary)}; watermark {answer.data['watermark']}")
    for note in found.content.notes:
        output.notify(note)


def _known_properties(server: Client, uri: str) -> dict[str, Any] | None:
    """Return the properties of an asset that the server knows; None if it does not know the asset."""
    from mlgraph.client.errors import ClientError

    try:
        return server.asset(uri).data["properties"]
    except ClientError as error:
        if error.status == 404:
            return None
        raise
