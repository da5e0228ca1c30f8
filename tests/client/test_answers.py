"""What an answer shows of itself."""

from __future__ import annotations

import json

from mlgraph.client.answers import Answer


def test_an_answer_shows_its_status_and_its_value() -> None:
    shown = repr(Answer[object](200, b'{"name":"orders","total":1}'))
    assert shown.splitlines()[0] == "<Answer 200>"
    assert json.loads(shown.partition("\n")[2]) == {"name": "orders", "total": 1}


def test_a_long_answer_shows_its_beginning_and_how_much_is_left_out() -> None:
    body = json.dumps({"text": "x" * 10_000}).encode()
    shown = repr(Answer[object](200, body))
    assert len(shown) < 2_100
    text = json.dumps(json.loads(body), indent=2)
    assert shown.endswith(f"... {len(text) - 2_000:,} more characters: see .data")


def test_names_from_sources_do_not_control_the_terminal() -> None:
    assert "\x1b" not in repr(Answer[object](200, json.dumps({"name": "\x1b[2Jorders"}).encode()))
    assert "\u202e" not in repr(Answer[object](200, json.dumps({"name": "\u202eorders"}).encode()))


def test_an_answer_that_is_no_json_shows_its_text() -> None:
    assert repr(Answer[object](200, b"mlgraph_watermark 42")) == "<Answer 200>\nmlgraph_watermark 42"
