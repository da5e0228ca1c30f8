"""Parts of the HTML that answers show themselves with in notebooks. All texts are untrusted, and are escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mlgraph.domain.text.escaping import html_text

_CELL: Final = "text-align:left;padding:2px 10px 2px 0;max-width:30em;overflow-wrap:anywhere;vertical-align:top"


def caption(text: str, *notes: str) -> str:
    """Return a line above a drawing or a table, and a line for each note that is not empty."""
    lines = [f"<strong>{html_text(text)}</strong>", *(html_text(note) for note in notes if note)]
    return f'<div style="margin:4px 0">{"<br>".join(lines)}</div>'


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], left_out: int) -> str:
    """Return a table; a last row says how many rows are `left_out`."""
    head = "".join(f'<th style="{_CELL}">{html_text(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    more = f'<tr><td style="{_CELL}" colspan="{len(headings)}">{left_out:,} more</td></tr>' if left_out else ""
    return f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{body}{more}</tbody></table>'


def _cell(text: str) -> str:
    return f'<td style="{_CELL}">{html_text(text)}</td>'


def scrolled(content: str) -> str:
    """Return content that scrolls sideways if it is wider than the notebook."""
    return f'<div style="overflow-x:auto">{content}</div>'


def partial_note(answer_total: int, listed: int) -> str:
    """Return a note about an answer that lists only a part of the assets; empty for a complete one."""
    return f"The answer lists {listed:,} of {answer_total:,} assets." if listed < answer_total else ""


def ambiguity_note(claimants: Sequence[str]) -> str:
    """Return a note about a name that several assets claim; empty without claimants."""
    if not claimants:
        return ""
    shown = 5
    more = f" and {len(claimants) - shown:,} more" if len(claimants) > shown else ""
    return f"This name is ambiguous, {len(claimants):,} assets claim it: {', '.join(claimants[:shown])}{more}."
