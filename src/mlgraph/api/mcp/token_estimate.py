"""Estimate of the tokens that a text costs a language model: an upper bound in practice, computed without a tokenizer.

Tokenizers differ. The estimate is the greater of two counts: a third of the bytes, and the pieces that a byte-pair tokenizer with
a small vocabulary makes of identifiers: one for every three letters of a word in lower case, every capital letter, every letter
and digit of a word that has digits (a digest, a number) with the blank before it, every two punctuation marks, and every byte of
any other character.
"""

from __future__ import annotations

import re
from typing import Final

_BYTES_PER_TOKEN: Final = 3
_LETTERS_PER_TOKEN: Final = 3
_MARKS_PER_TOKEN: Final = 2
_ENDS: Final = 2
"""Tokens that a tokenizer may add before and after a text."""
_PIECES: Final = re.compile(rb"(?P<words> ?[A-Za-z0-9]*[0-9][A-Za-z0-9]*)|(?P<letters>[a-z]+)|(?P<marks>[!-/:-@\[-`{-~]+)")
_OTHERS: Final = re.compile(rb"[A-Z\x00-\x1f\x7f-\xff]")
"""Characters that are no part of a piece: a token each. Blanks are part of the word after them."""


def tokens_of(text: str) -> int:
    """Return an upper bound of the number of tokens of `text`."""
    encoded = text.encode("utf-8", "replace")
    count = _ENDS
    for found in _PIECES.finditer(encoded):
        length = found.end() - found.start()
        match found.lastgroup:
            case "letters":
                count += (length + _LETTERS_PER_TOKEN - 1) // _LETTERS_PER_TOKEN
            case "marks":
                count += (length + _MARKS_PER_TOKEN - 1) // _MARKS_PER_TOKEN
            case _:
                count += length
    rest = _PIECES.sub(b"", encoded)
    return max(count + len(_OTHERS.findall(rest)), -(-len(encoded) // _BYTES_PER_TOKEN) + _ENDS)
