"""Execution of one tool call: arguments, the wait for a watermark, the tool in its lane, and errors as text for the agent."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from mlgraph.api.http.limits import Lanes
from mlgraph.api.mcp.answers import DEFAULT_BUDGET, PlainListing, ToolAnswer, error_text
from mlgraph.api.mcp.tool import AgentTool, Arguments
from mlgraph.api.mcp.tool_parameters import read_arguments
from mlgraph.api.mcp.tools.naming import NotOneAsset
from mlgraph.domain.errors import MlgraphError, NotReadYet, Unavailable
from mlgraph.services.common.identity import Caller
from mlgraph.services.server.bundle import ServerServices

_log = logging.getLogger(__name__)
_RETRY: Final = "call again in {} s"


class CallResult(NamedTuple):
    """The text of an answer, or of an error that says what to do next."""

    text: str
    is_error: bool


async def call_tool(
    services: ServerServices, lanes: Lanes, tool: AgentTool, given: Mapping[str, Any], caller: Caller
) -> CallResult:
    """Return the result of a tool call. An unexpected failure is logged, and its text has the identifier in the log."""
    try:
        arguments = read_arguments(tool.parameters, given)
        lane = lanes.heavy if tool.lane == "heavy" else lanes.light
        await _wait(services, lanes, tool, arguments.get("at_least"))
        return CallResult(await lane.run(lambda: _text(services, tool, arguments, caller)), is_error=False)
    except NotReadYet as error:
        answer = ToolAnswer("not_read_yet", PlainListing([]), services.agents.watermark(), detail=error.detail)
        return CallResult(answer.text(DEFAULT_BUDGET), is_error=False)
    except NotOneAsset as error:
        return CallResult(error_text(error.title, error.detail, candidates=error.candidates), is_error=True)
    except MlgraphError as error:
        again = {"next_step": _RETRY.format(error.retry_after_s)} if isinstance(error, Unavailable) else {}
        return CallResult(error_text(error.title, error.detail, **again), is_error=True)
    except Exception:  # noqa: BLE001 - an agent gets an answer to act on, as an HTTP caller does; the log has the cause
        instance = f"urn:uuid:{uuid.uuid4()}"
        _log.exception("the tool %s failed: %s", tool.name, instance)
        detail = f"the server failed unexpectedly; its log has the cause under {instance}"
        return CallResult(error_text("Internal error", detail), is_error=True)


async def _wait(services: ServerServices, lanes: Lanes, tool: AgentTool, watermark: int | None) -> None:
    """Wait until the answer of the tool includes a watermark. Raises `NotReadYet` if that takes too long."""
    if watermark is None:
        return
    reached, wait_for = {
        "graph": (services.queries.reached, services.queries.wait_for),
        "search": (services.search_queries.includes, services.search_queries.wait_until),
        "similarity": (services.discovery.reached, services.discovery.wait_for),
    }[tool.projection]
    if not reached(watermark):
        await lanes.at_least.run(lambda: wait_for(watermark))


def _text(services: ServerServices, tool: AgentTool, arguments: Arguments, caller: Caller) -> str:
    return tool.answer(services, arguments, caller).text(arguments.get("budget", DEFAULT_BUDGET))
