"""The estimate is an upper bound of what a tokenizer with a small vocabulary makes of the texts of answers."""

from __future__ import annotations

import json
import random
import uuid
from importlib.resources import files
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from mlgraph.api.mcp.token_estimate import tokens_of

pytestmark = pytest.mark.unit
_FILE: Final = files("wordllama") / "tokenizers" / "l2_supercat_tokenizer_config.json"
TOKENIZER: Final = Tokenizer.from_str(_FILE.read_text())
_random = random.Random(12)
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
TEXTS: Final = {
    "answer": json.dumps(
        [
            {
                "asset": f"@dataset.{n}.{n % 1000:03}",
                "name": f"orders_{n}",
                "uri": f"mlg://dataset/s3%3A%2F%2Flake/shop%2Forders_{n}",
            }
            for n in range(50)
        ],
        separators=(",", ":"),
    ),
    "prose": "An asset that edges name and no source has described is referenced only; a retracted one has a time of deletion. "
    * 5,
    "code": "def tokens_of(text: str) -> int:\n    encoded = text.encode('utf-8', 'replace')\n    return len(encoded) // 3\n" * 5,
    "digests": "\n".join(f"{_random.getrandbits(128):032x}" for _ in range(50)),
    "uuids": "\n".join(str(uuid.UUID(int=_random.getrandbits(128))) for _ in range(50)),
    "base64": "\n".join("".join(_random.choices(_ALPHABET, k=40)) for _ in range(50)),
    "capitals": "PUBLIC.SHOP_ORDERS.CUSTOMER_KEY " * 20,
    "camel case": "getCustomerOrderHistoryByRegion " * 20,
    "Chinese": "机器学习生命周期图" * 20,
    "Russian": "машинное обучение " * 20,
    "emoji": "🚀🔥💾" * 20,
    "times": "2026-11-30T00:45:37.891195Z " * 20,
    "single letters": "a.b.c.d.e " * 50,
    "escapes": "%E6%9C%BA%E5%99%A8%2Fdaily%23user_id " * 20,
    "empty": "",
}


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_at_least_what_the_tokenizer_counts_and_a_third_of_the_bytes(name: str) -> None:
    text = TEXTS[name]
    assert tokens_of(text) >= len(TOKENIZER.encode(text, add_special_tokens=False).ids)
    assert tokens_of(text) >= len(text.encode()) / 3


def test_it_is_not_far_above_for_answers() -> None:
    for name in ("answer", "prose", "digests"):
        counted = len(TOKENIZER.encode(TEXTS[name], add_special_tokens=False).ids)
        assert tokens_of(TEXTS[name]) < 1.6 * counted


@given(st.lists(st.text(), min_size=2, max_size=5))
def test_it_is_defined_for_every_text_and_a_joined_text_costs_no_more_than_its_lines(lines: list[str]) -> None:
    joined = tokens_of("\n".join(lines))
    assert 1 <= joined <= sum(tokens_of(line) + 1 for line in lines)
