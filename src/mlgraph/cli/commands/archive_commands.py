"""The commands backup and restore, which copy the complete store into one file and back."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from mlgraph.cli import kernel_cache, output
from mlgraph.cli.command_session import AsJson, Url, connected
from mlgraph.cli.commands.serve_commands import home

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes import shapes

app = typer.Typer()

_READ_BYTES: Final = 1024 * 1024

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="A directory that no server uses now, instead of a server.")
]
Store = Annotated[str | None, typer.Option("--store", metavar="URL", help="A postgresql:// database, instead of a server.")]


@app.command()
def backup(ctx: typer.Context, file: File, data: Data = None, store: Store = None, url: Url = None) -> None:
    """Write everything that is stored into one file, while the server continues to answer."""
    _check_place(data, store)
    with _replaced(file) as target:
        if data or store:
            place = data or home("main")
            kernel_cache.choose(place)
            from mlgraph.bootstrap import backup as backup_pieces

            size = _write(target, backup_pieces(place, store))
        else:
            with connected(ctx, url, as_json=False) as server:
                size = _write(target, server.backup())
    output.draw(f"{output.plain(file)}: {size:,} bytes")


@app.command()
def restore(
    ctx: typer.Context,
    file: File,
    data: Data = None,
    store: Store = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the stored data; only with --data or --store.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Load a backup into an empty store; the restore is atomic."""
    import json

    from mlgraph.client import ClientError

    _check_place(data, store)
    if replace and not (data or store):
        raise typer.BadParameter(
            "only a store that no server uses can be replaced: name it with --data or --store", param_hint="--replace"
        )
    with _reading(file) as pieces:
        if data or store:
            place = data or home("main")
            kernel_cache.choose(place)
            from mlgraph.bootstrap import restore as restore_pieces

            body = json.dumps(restore_pieces(place, store, pieces, replace=replace)).encode()
        else:
            with connected(ctx, url, as_json) as server:
                try:
                    body = server.restore(pieces).body
                except ClientError as error:
                    if error.title != "Damaged backup":
                        raise
                    if as_json:
                        output.write(error.body)
                    output.fail(error.detail)
                    raise typer.Exit(output.REFUSED) from None
    if as_json:
        output.write(body)
    else:
        output.draw(_restored_text(json.loads(body)))


def _restored_text(done: shapes.Restored) -> str:
    rows = output.count(sum(done["rows"].values()), "row")
    older = f", migrated from schema {done['from_schema']} to {done['schema']}" if done["from_schema"] < done["schema"] else ""
    made = output.moment(done["made_at"])
    return f"restored {rows} of the backup of {made}{older}; watermark {done['watermark']}, store id {done['instance']}"


def _check_place(data: Path | None, store: str | None) -> None:
    if data and store:
        raise typer.BadParameter("--data and --store exclude each other: give one of them", param_hint="--store")
    if store and not store.startswith(("postgresql://", "postgres://")):
        raise typer.BadParameter("must be a postgresql:// URL", param_hint="--store")


@contextlib.contextmanager
def _replaced(file: Path) -> Generator[BinaryIO]:
    """Yield a temporary file that replaces `file` once it is complete and on disk; only its owner can read it."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.absolute().parent)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _write(target: BinaryIO, pieces: Iterator[bytes]) -> int:
    from mlgraph.cli.uploads import Meter

    size = 0
    with contextlib.closing(Meter("receiving", None)) as meter:
        for piece in pieces:
            target.write(piece)
            size += len(piece)
            meter.advance(len(piece))
    return size


@contextlib.contextmanager
def _reading(file: Path) -> Generator[Iterator[bytes]]:
    from mlgraph.cli.uploads import Meter

    try:
        source = file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None
    with source, contextlib.closing(Meter("restoring", os.fstat(source.fileno()).st_size)) as meter:

        def pieces() -> Iterator[bytes]:
            while piece := source.read(_READ_BYTES):
                meter.advance(len(piece))
                yield piece

        yield pieces()
