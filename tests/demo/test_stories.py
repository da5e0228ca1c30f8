import shlex
from datetime import UTC, datetime

import pytest

from mlgraph.demo.tour import stories
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri

pytestmark = pytest.mark.unit
HISTORY = {"failures": [{"job": "ad-audiences.build", "message": "KeyError: 'age'"}]}
TRAINING = {"versions": [{"model": "home-ranker", "version": number, "run_id": "r" + number} for number in "123"]}


def test_commands_are_quoted_and_name_the_server_where_it_is_not_the_usual_one() -> None:
    described = stories(datetime(2026, 11, 20, 10, tzinfo=UTC), HISTORY, TRAINING)
    assert len(described) == 5
    for story in described:
        words = shlex.split(story.command(8765))
        assert words == ["mlgraph", *story.arguments]
        assert shlex.split(story.command(9000)) == [*words, "--url", "http://127.0.0.1:9000"]
        for word in words:
            if word.startswith("mlg://"):
                assert str(AssetUri.parse(word)) == word
            if word.endswith("Z"):
                parse_time(word)


def test_what_a_command_shows_is_one_line_that_is_no_command() -> None:
    for story in stories(datetime(2026, 11, 20, 10, tzinfo=UTC), HISTORY, TRAINING):
        assert "\n" not in story.shows
        assert not story.shows.startswith("mlgraph ")
