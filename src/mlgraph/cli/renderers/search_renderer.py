"""Renderer of search: a list of hits, each with why it matched, and the counts by filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from mlgraph.cli.output import asset_text, count, name_of, plain

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.search_shapes import Search, SearchHit

_DESCRIPTION_CHARS: Final = 160
_FACETS: Final = ("kind", "team", "platform", "environment", "tag", "state")
_FACET_VALUES: Final = 5
_QUERY_CHARS: Final = 100
"""Characters of the query that an answer repeats: a query may be a pasted page."""


def search(answer: Search) -> RenderableType:
    """Render the hits of a page: kind, name and URI, then owners and description, then the fields that matched."""
    hits = answer["hits"]
    if not hits:
        return Group(*_nothing(answer))
    bound = "at least " if answer["total_is"] == "at_least" else ""
    verb = "matches" if answer["total"] == 1 else "match"
    about = f" {verb} {_query(answer)}" if answer["q"] else ""
    head = Text(f"{bound}{count(answer['total'], 'asset')}{about}", "bold")
    lines: list[RenderableType] = [head, *_facets(answer), Text()]
    for hit in hits:
        lines += _lines(hit)
    if answer["omitted_words"]:
        lines.append(
            Text(f"{count(answer['omitted_words'], 'word')} of the query were not searched for: it is too long", "yellow")
        )
    if answer["frontier"]:
        lines.append(
            Text(f"{count(len(hits), 'hit')} shown; continue with --cursor {plain(answer['frontier'])} or --limit", "dim")
        )
    return Group(*lines)


def _query(answer: Search) -> str:
    query = plain(answer["q"])
    return repr(query if len(query) <= _QUERY_CHARS else f"{query[:_QUERY_CHARS]}...")


def _nothing(answer: Search) -> Iterator[Text]:
    yield Text(f"Nothing matches {_query(answer)}." if answer["q"] else "There are no assets with these filters.")
    yield Text("Try fewer or other words, a part of the name, or no filter: mlgraph search WORD", "dim")
    yield Text("Deleted assets are found with --state deleted.", "dim")


def _facets(answer: Search) -> Iterator[Text]:
    for name in _FACETS:
        counts = answer["facets"].get(name, {})
        if len(counts) < 2:
            continue
        values = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"{plain(name_of(value))} {number:,}" for value, number in values[:_FACET_VALUES])
        others = len(values) - _FACET_VALUES
        more = f" and {count(others, 'other')}" if others > 0 else ""
        yield Text.assemble((f"{name}: ", "dim"), f"{listed}{more}")


def _lines(hit: SearchHit) -> Iterator[Text]:
    line = asset_text(hit["kind"], hit["name"])
    if hit["state"] != "live":
        line.append(f"  {hit['state']}", "yellow")
        if hit["successor"]:
            line.append(f", use {plain(name_of(hit['successor']))}", "yellow")
    who = [name_of(hit["team"])] if hit["team"] else [name or name_of(uri) for uri, name in _owners(hit)]
    if who:
        line.append(f"  {plain(', '.join(who))}", "green")
    yield line
    yield Text(f"  {plain(hit['uri'])}", "dim")
    description = " ".join((hit["description"] or "").split())
    if description:
        cut = f"{description[:_DESCRIPTION_CHARS]}..." if len(description) > _DESCRIPTION_CHARS else description
        yield Text(f"  {plain(cut)}")
    if hit["matched"]:
        yield Text(
            "  matched " + "; ".join(f"{each['field']}: {plain(', '.join(each['words']))}" for each in hit["matched"]), "dim"
        )
    if "explain" in hit:
        yield Text("  rank from " + ", ".join(f"{key}={plain(value)}" for key, value in hit["explain"].items()), "dim")


def _owners(hit: SearchHit) -> list[tuple[str, str]]:
    return list(zip(hit["owners"], hit["owner_names"], strict=True))[:3]
