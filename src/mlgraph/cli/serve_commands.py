"""Commands that serve: up, demo. Everything heavy is loaded when they run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from mlgraph.cli import kernel_cache, output

app = typer.Typer()

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]

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
        typer.Option("--data", metavar="DIR", help="Where the graph is kept. [default: ~/.local/share/mlgraph/main]"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URL", help="A postgresql:// server in place of the one that comes along."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Any but this machine needs --tokens.")] = "127.0.0.1",
    port: Port = 8765,
    tokens: Annotated[
        Path | None,
        typer.Option("--tokens", metavar="FILE", envvar="MLGRAPH_TOKENS", show_envvar=True, help="Who may call, and as whom."),
    ] = None,
    config: Config = None,
    log_format: Annotated[
        Literal["text", "json"] | None,
        typer.Option("--log-format", help="For people, or a JSON object a line. [default: text on a terminal, else json]"),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option("--log-level", help="debug has every request, info those that failed or took over 1 s."),
    ] = "info",
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="Processes that answer, sharing one mapped graph.")
    ] = 1,
    hot_run_days: Annotated[  # deprecated since 0.2.0 (docs/adr/0025)
        int | None, typer.Option("--hot-run-days", metavar="N", min=1, hidden=True, help="Deprecated: has no effect.")
    ] = None,
) -> None:
    """Serve the graph until interrupted."""
    data = data or home("main")
    kernel_cache.choose(data)
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
        typer.Option("--data", metavar="DIR", help="Where the demo is kept. [default: ~/.local/share/mlgraph/demo]"),
    ] = None,
) -> None:
    """Serve a demo company, built from real data and real tools, and say what to try."""
    data = data or home("demo")
    kernel_cache.choose(data)
    from mlgraph.demo import run

    run(port=port, data=data)


def home(name: str) -> Path:
    """Return the data directory of this name, where the XDG base directories put it."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "mlgraph" / name
