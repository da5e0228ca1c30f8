"""Where the value of an assignment ends in a text: quotes, escapes, brackets, separators."""

from __future__ import annotations

import re
from typing import Final

from mlgraph.domain.redaction.secret_names import REDACTED

EXAMINED_CHARS: Final = 512
"""Of a longer value without quotes, only this much is examined: otherwise the time would be quadratic for some texts."""
_MAX_BRACKETED: Final = 8192

_SEGMENT: Final = r"(?:[^\s\"'`&;,|\\]|[\"'`](?=[\w$#!@%^*])|\\(?![nrt\"'\\]))"
_BARE: Final = re.compile(rf"{_SEGMENT}+(?:[,;&|](?!\s{{0,8}}[\w.\-]{{1,256}}\s{{0,8}}[=:]){_SEGMENT}+)*")
_OPENERS: Final = {")": "(", "]": "[", "}": "{", ">": "<"}
SCHEME: Final = re.compile(r"(?i)(?:bearer|basic|token|negotiate|apikey|digest|aws4-hmac-sha256)\s{1,4}")
_REST_OF_HEADER: Final = re.compile(r"[^\r\n\"'\\]{1,8000}")
_NO_SPACE: Final = re.compile(r"[^\s\"'`]+")
_PREFIXED: Final = re.compile(r"(?P<escape>\\*)[NEbru]?[\"'`]")
_STRUCTURE: Final = re.compile(r"[({\[]\s{0,8}\\*[\"']?[\w.\-]{1,256}+\\*[\"']?\s{0,8}[=:]")
"""The start of further assignments, each of which is examined by itself."""
_BRACKETED: Final = re.compile(r"[\[{](?P<value>[^\[\]{}]{1,8192})[\]}]")
_TEMPLATES: Final = (("{{", "}}"), ("${", "}"), (REDACTED, ""))


def value_bounds(text: str, start: int, name: str) -> tuple[int, int]:
    """Return the bounds of the value at `start` that is assigned to `name`, without its quotes; equal ones if there is none."""
    for opener, closer in _TEMPLATES:
        if text.startswith(opener, start) and (close := text.find(closer, start + len(opener), start + _MAX_BRACKETED)) > 0:
            return start, close + len(closer)
    if quoted := _PREFIXED.match(text, start):
        return _quoted(text, quoted.end() - 1, quoted["escape"])
    is_structure = _STRUCTURE.match(text, start) is not None
    if not is_structure and (inner := _BRACKETED.match(text, start)):
        return inner.span("value")
    if name.lower().endswith("authorization") and (scheme := SCHEME.match(text, start)):
        rest = _REST_OF_HEADER if scheme[0].lower().startswith(("aws", "digest")) else _BARE
        found = rest.match(text, scheme.end(), scheme.end() + _MAX_BRACKETED)
        return (scheme.end(), found.end()) if found else (start, start)
    return (start, start) if is_structure else _bare(text, start)


def _bare(text: str, start: int) -> tuple[int, int]:
    """Return the bounds of a value without quotes; brackets that close what was open before it are no part of it."""
    found = _BARE.match(text, start, start + EXAMINED_CHARS)
    end = found.end() if found else start
    while end > start:
        opener = _OPENERS.get(text[end - 1])
        if opener is None or opener in text[start:end]:
            break
        end -= 1
    return start, end


def end_of_long(text: str, end: int) -> int:
    """Return the end of a value without quotes of which only the part up to `end` was examined."""
    found = _NO_SPACE.match(text, end)
    return found.end() if found else end


def _quoted(text: str, opening: int, escape: str) -> tuple[int, int]:
    """Return the bounds of the text in the quotes that open at `opening`; without an end it extends to the end of its line."""
    quote, start = text[opening], opening + 1
    end = start
    while (end := text.find(escape + quote, end)) >= 0:
        if escape:
            is_escaped = text[end - 1] == "\\"
        else:
            backslashes = 0
            while text[end - 1 - backslashes] == "\\":
                backslashes += 1
            is_escaped = backslashes % 2 == 1
        is_doubled = not escape and quote == "'" and text.startswith("''", end)
        if not is_escaped and not is_doubled:
            return start, end
        end += 2 if is_doubled else 1
    line_end = text.find("\n", start)
    return start, len(text) if line_end < 0 else line_end
