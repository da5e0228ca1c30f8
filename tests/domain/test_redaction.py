"""Redaction: every secret of a corpus disappears, everything harmless stays as it is, byte for byte, in linear time."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.payloads.payload import Located, canonical_json
from mlgraph.domain.redaction.json_values import REDACTED, redact, redact_text
from mlgraph.domain.redaction.sanitizing import sanitize
from tests.domain.secret_shapes import HARMLESS, MARK, SECRET, SECRET_SHAPES, SHAPES_OF_TOKENS

SECRETS = (SECRET, "Sw0rdf1sh", "p%40ss/w0rd+x=", "QmFzZTY0LXNlY3JldC0xMjM0NTY3ODkw", "c0rrect-horse_battery.staple~9")


def planted(shape: Any, secret: str) -> Any:
    """Return the shape with the secret at its mark."""
    if isinstance(shape, str):
        return shape.replace(MARK, secret)
    if isinstance(shape, list):
        return [planted(item, secret) for item in shape]
    return {key: planted(item, secret) for key, item in shape.items()} if isinstance(shape, dict) else shape


def test_the_corpus_is_large_enough() -> None:
    assert len(SECRET_SHAPES) + len(SHAPES_OF_TOKENS) >= 60
    assert len(HARMLESS) >= 60


def _fits(shape: Any, secret: str) -> bool:
    """Return whether a secret can stand in the shape without an encoding: none with a separator of a URL in a URL."""
    text = canonical_json(shape)
    basic = "Basic" in text
    url = "://" in text or "@@@" in text or "&" in text
    return not (basic and secret != SECRETS[3]) and not (url and ("/" in secret))


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("shape", SECRET_SHAPES, ids=str)
def test_a_secret_disappears(shape: Any, secret: str) -> None:
    if "authorization=Basic" in str(shape):
        secret = "Y2RjOmh1bnRlcjItWnE5"  # noqa: S105 - cdc:hunter2-Zq9 in HTTP Basic encoding
    elif not _fits(shape, secret):
        secret = SECRET
    document = planted(shape, secret)
    before = copy.deepcopy(document)
    found = redact(document)
    assert document == before, "the input is unchanged"
    assert secret not in canonical_json(found)
    assert REDACTED in canonical_json(found)
    assert redact(found) == found, "idempotent"


@pytest.mark.parametrize("token", SHAPES_OF_TOKENS)
@pytest.mark.parametrize(
    "place", ["{}", "the value is {} (read only)", "x={}", "https://{}@github.com/org/repo", '{{"a": "{}"}}']
)
def test_a_token_is_recognised_by_its_shape(token: str, place: str) -> None:
    found = redact_text(place.format(token))
    body = token.replace("-----BEGIN RSA PRIVATE KEY-----", "").replace("-----END RSA PRIVATE KEY-----", "").strip()
    assert body[4:] not in found
    assert "MII" not in found
    assert REDACTED in found
    assert redact_text(found) == found


@pytest.mark.parametrize("harmless", HARMLESS, ids=str)
def test_harmless_text_is_unchanged(harmless: Any) -> None:
    assert redact(copy.deepcopy(harmless)) == harmless


@pytest.mark.parametrize("harmless", HARMLESS, ids=str)
def test_harmless_text_is_unchanged_beside_a_secret(harmless: Any) -> None:
    document = {"a": harmless, "password": SECRET, "b": [harmless, f"token={SECRET}"]}
    assert redact(document) == {"a": harmless, "password": REDACTED, "b": [harmless, f"token={REDACTED}"]}


@pytest.mark.parametrize("other", [3306, None, True, 1.5, ["x"], {"a": 1}, []], ids=str)
def test_a_command_line_of_more_than_texts_keeps_no_secret(other: Any) -> None:
    assert redact(["mysqldump", "--password", SECRET, other]) == ["mysqldump", "--password", REDACTED, other]
    assert redact([other, "--port", 3306, "--api-key", SECRET]) == [other, "--port", 3306, "--api-key", REDACTED]
    assert redact(["deploy", "--password", 48151623, other]) == ["deploy", "--password", REDACTED, other]


HARMLESS_JSON = st.recursive(
    st.one_of(
        st.sampled_from([each for each in HARMLESS if isinstance(each, str)]),
        st.integers(),
        st.booleans(),
        st.none(),
        st.just(""),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "facets", "sort_key", "_schemaURL", "tokens"]), inner)
    ),
    max_leaves=8,
)


def _places(value: Any) -> list[Any]:
    """Return every list and object in `value`, itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if isinstance(value, dict | list) else []) + [place for item in inner for place in _places(item)]


@settings(deadline=None)
@given(data=st.data(), document=st.dictionaries(st.sampled_from(["a", "b", "run", "facets"]), HARMLESS_JSON, min_size=1))
def test_planted_secrets_disappear_and_the_rest_is_unchanged(data: st.DataObject, document: dict[str, Any]) -> None:
    assert redact(copy.deepcopy(document)) == document
    expected, dirty = copy.deepcopy(document), copy.deepcopy(document)
    for number in range(data.draw(st.integers(1, 3))):
        shape = planted(data.draw(st.sampled_from(SECRET_SHAPES)), SECRET)
        at = data.draw(st.integers(0, len(_places(document)) - 1))
        for root in (expected, dirty):
            place = _places(root)[at] if at < len(_places(root)) else root
            if isinstance(place, dict):
                place[f"planted{number}"] = "gone" if root is expected else shape
            else:
                place.append(["gone"] if root is expected else [shape])
    for clean in (redact, lambda value: sanitize(Located(value))):
        found = clean(copy.deepcopy(dirty))
        if "Basic" not in canonical_json(dirty):
            assert SECRET not in canonical_json(found)
        assert clean(copy.deepcopy(found)) == found
    assert _without_planted(redact(dirty)) == _without_planted(expected)


def _without_planted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_planted(item) for key, item in value.items() if not key.startswith("planted")}
    return [_without_planted(item) for item in value if not isinstance(item, list)] if isinstance(value, list) else value


@pytest.mark.parametrize("value", ["q9" * 300, "q,9" * 300, "a/b" * 3000, "q" * 512, "q" * 511, "[" * 700])
def test_a_long_secret_disappears_up_to_its_end(value: str) -> None:
    for text in ("password={} and", "--password {} and", 'password="{}" and', "x;password={}\nand"):
        found = redact_text(text.format(value))
        assert value[-100:] not in found
        assert found.endswith("and")
        assert redact_text(found) == found


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="paswordtken=: \"'\\-.@/;&[]{}<>\nAB12", max_size=60))
def test_redaction_of_any_text_is_idempotent(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


UNITS = """password|password=|password: |a=|a.|--a |-p |'|\\|\\"|"a": |://|://a:|x://a:b|<a>|<name>|mysql |docker login |curl -u |
identified by |eyJaaaaaaa.|AKIA|-----BEGIN PRIVATE KEY-----|name="a" |login a password |bearer |token='|a,|a;|[|password=[| |é|a@|
key='|b\\\\'|${|{{|password={{|''|password='|sqlplus |jdbc:oracle:thin:a/|redis-cli |<a >|password='\\|ENV a |
token=a/|pwd=/|pass=|password=\\"|password: a |N'|key: 'password', value: |x="\\"|--password |
"""


@pytest.mark.parametrize("unit", UNITS.split("|"))
def test_time_is_linear_in_the_length(unit: str) -> None:
    for text in (
        unit * (60_000 // len(unit)),
        "password" + unit * (60_000 // len(unit)),
        unit * (60_000 // len(unit)) + "token=x",
    ):
        start = time.process_time()
        redact_text(text)
        assert time.process_time() - start < 3
