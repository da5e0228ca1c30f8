"""What a tool is: a name, a description with one example, parameters, and a function from arguments to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from mlgraph.api.mcp.answers import DEFAULT_BUDGET, LARGEST_BUDGET, LEAST_BUDGET, ToolAnswer
from mlgraph.api.mcp.tool_parameters import Parameter
from mlgraph.domain.errors import InvalidInput
from mlgraph.services.common.identity import Caller
from mlgraph.services.server.bundle import ServerServices

Arguments = Mapping[str, Any]
Answering = Callable[[ServerServices, Arguments, Caller], ToolAnswer]
_LEAST_ENTRY_TOKENS: Final = 50
"""Tokens of the shortest entry of a closure, with its keys, handle and URI."""

ASSET: Final = Parameter("asset", required=True, description="name, kind:name, @handle or URI")
TEAM: Final = Parameter("team", description="or nobody")
KIND: Final = Parameter("kind", "array")
AS_OF: Final = Parameter("as_of", description="RFC 3339")
AT_LEAST: Final = Parameter("at_least", "integer", least=0, greatest=2**63 - 1)
BUDGET: Final = Parameter("budget", "integer", f"tokens, default {DEFAULT_BUDGET}", least=LEAST_BUDGET, greatest=LARGEST_BUDGET)
NEXT: Final = Parameter("next", description="from the last answer")


@dataclass(frozen=True, slots=True)
class AgentTool:
    """A tool. `lane` is the class of requests whose threads it uses; `answer` runs in one of them, for the caller."""

    name: str
    description: str
    parameters: Sequence[Parameter]
    lane: Literal["light", "heavy"]
    answer: Answering
    projection: Literal["graph", "search", "similarity"] = "graph"
    """What `at_least` waits for."""
    writes: bool = False


def reading(
    answer: Callable[[ServerServices, Arguments], ToolAnswer],
) -> Callable[[ServerServices, Arguments, Caller], ToolAnswer]:
    """Return the function of a tool that reads: every caller gets the same answer."""
    return lambda services, arguments, _caller: answer(services, arguments)


def most_entries(arguments: Arguments) -> int:
    """Return how many entries of a page are worth building: the budget has room for fewer."""
    return int(arguments.get("budget", DEFAULT_BUDGET)) // _LEAST_ENTRY_TOKENS


def position_of(arguments: Arguments) -> int:
    """Return the position of the first item of a page of a `PlainListing`. Raises `InvalidInput`."""
    text = str(arguments.get("next", "0"))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidInput("argument next must be the `next` of an earlier answer of this tool, unchanged")
    return int(text)
