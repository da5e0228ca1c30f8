import shlex
from datetime import UTC, datetime

import pytest

from mlgraph.demo.tour import tour_steps
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri

pytestmark = pytest.mark.unit
HISTORY = {"failures": [{"job": "ad-audiences.build", "message": "KeyError: 'age'"}]}
TRAINING = {"versions": [{"model": "home-ranker", "version": number, "run_id": "r" + number} for number in "123"]}


def test_commands_are_quoted_and_name_a_server_on_another_port() -> None:
    steps = tour_steps(datetime(2026, 11, 20, 10, tzinfo=UTC), HISTORY, TRAINING)
    assert len(steps) == 5
    for step in steps:
        words = shlex.split(step.command(8765))
        assert words == ["mlgraph", *step.arguments]
        assert shlex.split(step.command(9000)) == [*words, "--url", "http://127.0.0.1:9000"]
        for word in words:
            if word.startswith("mlg://"):
                assert str(AssetUri.parse(word)) == word
            if word.endswith("Z"):
                parse_time(word)


def test_a_description_is_one_line_that_is_no_command() -> None:
    for step in tour_steps(datetime(2026, 11, 20, 10, tzinfo=UTC), HISTORY, TRAINING):
        assert "\n" not in step.shows
        assert not step.shows.startswith("mlgraph ")
