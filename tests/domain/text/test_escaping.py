from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, example, given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mlgraph.domain.text.escaping import html_text, markdown_code, markdown_text, svg_text, terminal_text, visible_text
from tests.domain.text.hostile_texts import HOSTILE, hostile_texts

# CommonMark with tables and strikethrough, and with HTML allowed: raw HTML must not even be there.
MARKDOWN: Final = MarkdownIt("gfm-like", {"linkify": False, "html": True})
ZERO_WIDTH_SPACE: Final = "\u200b"
# Where a name stands in a comment; {} is the escaped name.
PLACES: Final = {
    "paragraph": "{}",
    "sentence": "The asset {} changes.",
    "list item": "- {}\n- next",
    "numbered": "1. {}",
    "heading": "### {}",
    "quote": "> {}",
    "second line": "First line\n{}",
    "under a heading of a table": "| a | b |\n|---|---|\n| {} | second |",
    "bold": "**{}.**",
    "link": "[{}](https://mlgraph.example/asset)",
}
# What GitHub and GitLab look for in rendered text (GFM 6.9; the mention and reference filters of both, made wider).
LINKED: Final = {
    "mention": re.compile(r"@\w"),
    "issue": re.compile(r"#\w|\bGH-\d", re.IGNORECASE),
    "merge request, label, snippet, epic": re.compile(r"[!~$&]\w"),
    "scheme": re.compile(r"\w://"),
    "www": re.compile(r"\bwww\.", re.IGNORECASE),
    "mail": re.compile(r"[\w.+-]+@[\w.-]+"),
    "mailto": re.compile(r"\b(mailto|xmpp):[\w/?]", re.IGNORECASE),
    "emoji": re.compile(r":[\w+-]+:"),
}


def each_hostile(test: Callable[..., None]) -> Callable[..., None]:
    """Run `test` for each text of the corpus and for generated ones."""
    for text in HOSTILE:
        test = example(text=text)(test)
    return given(text=hostile_texts())(test)


class Reader(HTMLParser):
    """Collects what a browser would make of a page: tags with attributes, text, and anything else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def read_html(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def inline_tokens(source: str) -> list[Token]:
    return [child for token in MARKDOWN.parse(source) for child in token.children or ()]


@each_hostile
def test_shows_one_line_without_invisible_characters(text: str) -> None:
    shown = visible_text(text)

    assert len(shown) == len(text)
    assert not re.search(r"[\t\n\r\x0b\x0c\x85\u2028\u2029]", shown)
    categories = {unicodedata.category(character) for character in shown} - {"Cf"}
    assert not categories & {"Cc", "Cs", "Zl", "Zp"}
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\ufeff\U000e0000-\U000e007f]", shown)
    shown.encode()


def test_keeps_what_people_read() -> None:
    name = "نام\u200cها \U0001f469\u200d\U0001f52c 数据 Ünï"  # noqa: RUF001 - letters of other scripts

    assert visible_text(name) == html_text(name) == svg_text(name) == markdown_text(name) == name


@each_hostile
def test_a_terminal_obeys_nothing(text: str) -> None:
    shown = terminal_text(text)

    assert all(character in "\t\n" or unicodedata.category(character) != "Cc" for character in shown)
    assert "\u202e" not in shown
    assert shown.count("\n") == text.count("\n")


@each_hostile
def test_html_shows_the_literal_text(text: str) -> None:
    escaped = html_text(text)

    page = read_html(f"<td title=\"{escaped}\" lang='{escaped}'>{escaped}</td>")

    assert page.tags == ["td"]
    assert page.attributes == [("title", visible_text(text)), ("lang", visible_text(text))]
    assert page.text == visible_text(text)
    assert page.others == []


@each_hostile
def test_svg_shows_the_literal_text(text: str) -> None:
    escaped = svg_text(text)

    root = ET.fromstring(f"<svg id='{escaped}' class=\"{escaped}\"><text>{escaped}</text></svg>")  # noqa: S314 - our own text

    assert root.attrib == {"id": visible_text(text), "class": visible_text(text)}
    assert [child.tag for child in root] == ["text"]
    assert (root[0].text or "") == visible_text(text)
    assert list(root[0]) == []


@pytest.mark.parametrize("place", PLACES)
def test_markdown_shows_the_literal_text(place: str) -> None:
    @each_hostile
    def check(text: str) -> None:
        assume(text)  # nothing is nothing in every place
        plain = PLACES[place].format("word")
        source = PLACES[place].format(markdown_text(text))
        assert source.count("\n") == plain.count("\n")

        expected = MARKDOWN.render(plain)
        before, _, after = expected.partition("word")
        rendered = MARKDOWN.render(source)

        assert rendered.startswith(before)
        assert rendered.endswith(after)
        found = html.unescape(rendered[len(before) : len(rendered) - len(after)])
        assert found.replace(ZERO_WIDTH_SPACE, "") == visible_text(text)
        page = read_html(rendered)
        assert page.tags == read_html(expected).tags
        assert page.others == []

    check()


@each_hostile
def test_markdown_leaves_nothing_to_be_linked(text: str) -> None:
    (shown,) = ["".join(token.content for token in inline_tokens(f"({markdown_text(text)})"))]

    assert {kind: found for kind, pattern in LINKED.items() if (found := pattern.findall(shown))} == {}


@each_hostile
def test_markdown_is_no_command_to_bots_that_read_the_source(text: str) -> None:
    escaped = markdown_text(text)

    assert not escaped.startswith("/")
    assert "@" not in escaped
    assert "<!--" not in escaped


@pytest.mark.parametrize("place", ["sentence", "list item", "under a heading of a table", "paragraph"])
def test_markdown_code_is_what_a_reader_copies(place: str) -> None:
    @each_hostile
    def check(text: str) -> None:
        rendered = MARKDOWN.render(PLACES[place].format(markdown_code(text)))

        page = read_html(rendered)
        plain = read_html(MARKDOWN.render(PLACES[place].format("word")))
        assert page.text == plain.text.replace("word", visible_text(text), 1)
        assert sorted(set(page.tags) - {"wbr"}) == sorted({*plain.tags, "code"})
        assert page.others == []

    check()


@each_hostile
def test_markdown_code_gives_parsers_no_address_to_link(text: str) -> None:
    source = markdown_code(text)

    assert not re.search(r"://|www\.|@", source)
    for token in inline_tokens(source):
        if token.type == "text":
            assert not re.search(r"@.", token.content)


def test_an_underscore_inside_a_word_stays_readable_in_the_source() -> None:
    assert markdown_text("customer_orders.2026-11/daily, raw") == "customer_orders.2026-11/daily, raw"
