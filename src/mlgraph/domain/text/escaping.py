"""Escaping of untrusted text (names, descriptions, owners from other systems): one function for each target format.

Every function returns text that its target shows as literal text, on one line, and that no reader of that target takes for
markup, a link, a mention or a control sequence. Two rules are common to all of them:

- Tab, line feed and carriage return become one space each. `terminal_text` leaves tab and line feed as they are.
- Characters that are invisible and change what a reader sees become U+FFFD: control characters, bidirectional controls
  (Unicode UAX 9; CVE-2021-42574), zero-width spaces, tag characters, surrogates and noncharacters. The joiners U+200C and
  U+200D stay, because Persian, Indic scripts and emoji need them.

No function bounds the length of its text; that is for the caller, before escaping.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_INVISIBLE: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters C0 and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u00ad\u180e\u200b\u2028\u2029\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"  # zero width, separators, annotations
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # surrogates, noncharacters: XML 1.0 (2.2) and UTF-8 refuse some of them
    "\U000e0000-\U000e007f"  # tag characters
)
_INVISIBLE_CHARACTER: Final = re.compile(f"[{_INVISIBLE}]")
_LINE_WHITESPACE: Final = re.compile("[\t\n\r]")
_REPLACEMENT: Final = "\ufffd"

_MARKUP_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})

# All ASCII punctuation that means something inside a line becomes an entity, because an entity "cannot be used in place of
# symbols indicating structure" (CommonMark 0.31, 2.5). An underscore inside a word means nothing.
_MARKDOWN_PUNCTUATION: Final = re.compile(r"""[!"#$&'()*;<>?@\[\\\]^`{|}~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])""")
# At the start of a line: lists, rules, underlines of headings, indented code; the quick actions of GitLab and of bots
# (`/close`). White space at either end would be stripped, and decides what emphasis around the text is.
_MARKDOWN_START: Final = re.compile(r"^[-+=:/]")
_SPACES: Final = re.compile(r"\s+")
_NUMBERED: Final = re.compile(r"^([0-9]+)\.")
# What GitHub and GitLab turn into a link after they rendered the Markdown: an entity is text by then, so that only a
# zero-width space inside of it is of use.
_REFERENCE: Final = re.compile(
    r"""
      [@\#!$~^&*](?=\w)          # mentions and mail; issues, merge requests, snippets, labels, alerts, epics, iterations
    | \bwww(?=\.)               # GitHub Flavored Markdown 6.9, extended autolinks
    | :(?=//)                   # any scheme with an authority
    | \b(?:mailto|xmpp):(?=\S)  # the schemes without one
    | \bGH-(?=[0-9])            # issues of GitHub
    | :(?=[+\w-]+:)             # emoji shortcodes
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NOT_ALPHANUMERIC: Final = re.compile(r"[^A-Za-z0-9\u0080-\U0010ffff]")
_ZERO_WIDTH_SPACE: Final = "&#8203;"


def visible_text(text: str) -> str:
    """Return `text` on one line, with every invisible character replaced; what a reader of the formats below sees."""
    return terminal_text(_LINE_WHITESPACE.sub(" ", text))


def terminal_text(text: str) -> str:
    """Return `text` for a terminal, which would obey control characters; tabs and line feeds stay."""
    return _INVISIBLE_CHARACTER.sub(_REPLACEMENT, text)


def html_text(text: str) -> str:
    """Return `text` for the content of an HTML element or a quoted attribute; not for scripts, styles, or as a whole URL."""
    return visible_text(text).translate(_MARKUP_ENTITIES)


def svg_text(text: str) -> str:
    """Return `text` for the character data or a quoted attribute of SVG, which is XML 1.0: its entities, its characters."""
    return visible_text(text).translate(_MARKUP_ENTITIES)


def markdown_text(text: str) -> str:
    """Return `text` for a paragraph, list item, link text or table cell of Markdown as GitHub and GitLab read it.

    Zero-width spaces interrupt what both turn into links, mentions and references after rendering; a name that somebody shall
    copy belongs in `markdown_code`. A bare commit hash is left alone: it links to a commit of the same repository at most.
    """
    shown = visible_text(text)
    breaks = [0, *(found.end() for found in _REFERENCE.finditer(shown)), len(shown)]
    pieces = [_MARKDOWN_PUNCTUATION.sub(_entities, shown[start:end]) for start, end in pairwise(breaks)]
    line = _ZERO_WIDTH_SPACE.join(pieces)
    inner = line.lstrip()
    before = _SPACES.sub(_entities, line[: len(line) - len(inner)])
    after = _SPACES.sub(_entities, inner[len(inner.rstrip()) :])
    inner = _NUMBERED.sub(r"\1&#46;", _MARKDOWN_START.sub(_entities, inner.rstrip()))
    return f"{before}{inner}{after}"


def markdown_code(text: str) -> str:
    """Return `text` as code for the same places as `markdown_text`, exactly as a reader shall copy it.

    A `<code>` element with entities needs no fence longer than the backticks in the text, and takes table bars. GitHub and
    GitLab leave references inside code alone. Their Markdown parsers themselves link `http://` and `www.`, which the entities
    prevent, and mail addresses, which a `<wbr>` interrupts: nobody sees or copies it.
    """
    return f"<code>{_NOT_ALPHANUMERIC.sub(_entities, visible_text(text)).replace('&#64;', '&#64;<wbr>')}</code>"


def _entities(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found.group())
