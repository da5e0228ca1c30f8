"""Command line options that lineage and impact share (`WalkOptions`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from mlgraph.cli.command_session import AsOf, Cursor, Level, Limit, NoFold
from mlgraph.domain.options.walk_options import Direction, WalkOptions

DirectionOption = Annotated[
    Direction | None,
    typer.Option("--direction", help="With the flow of data (downstream, the default), against it, or both."),
]
Depth = Annotated[int | None, typer.Option("--depth", min=0, help="How many edges to traverse at most.")]
Kind = Annotated[
    list[str] | None, typer.Option("--kind", metavar="KIND", help="List only this kind (repeatable); all kinds are traversed.")
]
Certain = Annotated[bool, typer.Option("--certain", help="Traverse only certain edges.")]


def walk_options(
    *,
    direction: DirectionOption = None,
    depth: Depth = None,
    kind: Kind = None,
    level: Level = None,
    as_of: AsOf = None,
    certain: Certain = False,
    no_fold: NoFold = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> WalkOptions:
    """Return the options of the command line; omitted ones have the defaults of `WalkOptions`."""
    optional: dict[str, Any] = {"direction": direction, "depth": depth, "level": level, "as_of": as_of, "limit": limit}
    values = {name: value for name, value in optional.items() if value is not None}
    return WalkOptions(kinds=tuple(kind or ()), certain=certain, fold=not no_fold, cursor=cursor, **values)


_WALK_PARAMETERS = inspect.signature(walk_options, eval_str=True).parameters


def takes_walk_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: replace its parameter `options`, a `WalkOptions`, by one command line option for each field."""
    shown: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        shown += _WALK_PARAMETERS.values() if name == "options" else [parameter]

    @wraps(command)
    def run(**values: Any) -> None:  # noqa: ANN401 - the parameters of the two signatures
        walk = {name: values.pop(name) for name in _WALK_PARAMETERS}
        command(options=walk_options(**walk), **values)

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in shown]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # typer inspects it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
