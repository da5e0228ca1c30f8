"""The lines with which a tool sends to mlgraph: `mlgraph connect TOOL` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SERVER: Final = "<SERVER>"
"""Stands for the URL of the server, without a slash at its end."""
NAME: Final = "<NAME>"
"""Stands for the name that the reader gives to this instance of the tool (`--name`)."""
TOKEN: Final = "<TOKEN>"  # noqa: S105 - it stands for one
"""Stands for a token of the server."""


@dataclass(frozen=True, slots=True)
class SetupLines:
    """Lines for one place in the configuration of a tool: an environment, a file, a command.

    `tool` is the word by which people ask for them, `where` the place, as a noun. `with_token` are the lines for a server that
    needs tokens; empty: the same.
    """

    tool: str
    where: str
    lines: tuple[str, ...]
    with_token: tuple[str, ...] = ()

    def of_server(self, url: str, *, needs_token: bool) -> list[str]:
        """Return the lines for a server at `url`; those for a name and a token are left for the reader to replace."""
        chosen = self.with_token if needs_token and self.with_token else self.lines
        return [line.replace(SERVER, url) for line in chosen]
