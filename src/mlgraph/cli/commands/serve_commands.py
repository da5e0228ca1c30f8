"""The commands up and demo, which run a server. Heavy modules are imported only when they run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from mlgraph.cli import kernel_cache, output

app = typer.Typer()

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0 selects a free one.")]

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="MLGRAPH_CONFIG",
        show_envvar=True,
        help="Sources and declarations. [default: mlgraph.yaml, if it is in this directory]",
    ),
]


@app.command()
def up(
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The data directory. [default: ~/.local/share/mlgraph/main]"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URL", help="A postgresql:// database instead of the embedded PostgreSQL."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen on; any but loopback needs --tokens.")] = "127.0.0.1",
    port: Port = 8765,
    tokens: Annotated[
        Path | None,
        typer.Option("--tokens", metavar="FILE", envvar="MLGRAPH_TOKENS", show_envvar=True, help="The callers and their tokens."),
    ] = None,
    config: Config = None,
    log_format: Annotated[
        Literal["text", "json"] | None,
        typer.Option("--log-format", help="Text for people, or one JSON object a line. [default: text on a terminal, else json]"),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option("--log-level", help="debug logs every request, info those that failed or took over 1 s."),
    ] = "info",
    workers: Annotated[
        int,
        typer.Option(
            "--workers", metavar="N", min=1, max=64, help="Number of processes that answer; they share one memory-mapped graph."
        ),
    ] = 1,
    hot_run_days: Annotated[  # deprecated since 0.2.0 (docs/adr/0025)
        int | None, typer.Option("--hot-run-days", metavar="N", min=1, hidden=True, help="Deprecated: has no effect.")
    ] = None,
) -> None:
    """Serve the graph until it is interrupted."""
    data = data or home("main")
    kernel_cache.choose(data)
    kernel_cache.calculate_in_one_thread()
    from mlgraph.bootstrap import Options, serve

    if hot_run_days is not None:
        output.notify("Warning: --hot-run-days is deprecated and has no effect: every run stays in the graph. Leave it out.")
    serve(
        Options(
            data=data,
            store=store,
            host=host,
            port=port,
            tokens=tokens,
            config=config or (here if (here := Path("mlgraph.yaml")).is_file() else None),
            log_format=log_format,
            log_level=log_level,
            workers=workers,
        )
    )


@app.command()
def demo(
    port: Port = 8765,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The data directory of the demo. [default: ~/.local/share/mlgraph/demo]"),
    ] = None,
) -> None:
    """Serve a demo company, built from real data with real tools, and print commands to try."""
    data = data or home("demo")
    kernel_cache.choose(data)
    kernel_cache.calculate_in_one_thread()
    from mlgraph.demo import run

    run(port=port, data=data)


def home(name: str) -> Path:
    """Return the data directory of this name, according to the XDG Base Directory Specification."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "mlgraph" / name
