"""Forty tasks are answered in at most three calls and 12,000 tokens each."""

from __future__ import annotations

import pytest

from tests.api.mcp.agents import LEGACY, MODERN, Agent, Reply
from tests.api.mcp.tasks import TASKS, Task
from tests.api.mcp.test_token_estimate import TOKENIZER
from tests.contract.serving import Process

MOST_CALLS, MOST_TOKENS = 3, 12_000


def test_there_are_forty() -> None:
    assert len({task.text for task in TASKS}) == 40


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.text)
def test_a_question_is_answered(agent: Agent, task: Task) -> None:
    replies: list[Reply] = []
    for tool, arguments in task.calls:
        replies.append(agent.call(tool, at_least=1, **(arguments(replies) if callable(arguments) else arguments)))
    assert task.read(replies) == task.answer
    assert len(replies) <= MOST_CALLS
    assert sum(reply.tokens for reply in replies) <= MOST_TOKENS


@pytest.mark.parametrize("mode", [MODERN, "legacy"])
def test_all_of_them_together_cost_few_tokens(server: Process, mode: str) -> None:
    with Agent(server.url, mode) as agent:
        assert agent.protocol_version == (MODERN if mode == MODERN else LEGACY)
        for task in TASKS:
            replies: list[Reply] = []
            for tool, arguments in task.calls:
                replies.append(agent.call(tool, **(arguments(replies) if callable(arguments) else arguments)))
        counted = sum(len(TOKENIZER.encode(reply.text).ids) for reply in agent.replies)
        assert counted <= sum(reply.tokens for reply in agent.replies)
        assert counted <= MOST_TOKENS
