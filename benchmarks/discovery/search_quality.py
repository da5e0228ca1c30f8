"""How many of the labelled queries each engine answers right, and whether facets and explanations of mlgraph are true."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from benchmarks.discovery.engines.base import SearchEngine
from benchmarks.discovery.engines.with_mlgraph import MlgraphSearch
from benchmarks.discovery.search_queries import CHECKS, LIMIT, PHRASE_LIMIT, LabelledQuery, Marked, mark, share
from benchmarks.discovery.vocabulary import words
from benchmarks.figures import Figures

WANTED: Final = {
    "exact name": 1.0,
    "full name": 1.0,
    "typo": 0.95,
    "description": 0.95,
    "phrase": 1.0,
    "meaning": 0.70,
    "spelling": 1.0,
    "twin": 1.0,
    "deprecated": 1.0,
}
"""The least share of right answers of mlgraph, by check."""
OF_WORDS: Final = frozenset({"meaning", "description", "typo"})
"""The checks that BM25 alone and embeddings alone are asked, too; they know no names, phrases or use."""
_FACET_VALUES: Final = 5
"""Values of each facet whose filtered total is compared."""


def marks(engine: SearchEngine, queries: Sequence[LabelledQuery], texts: Mapping[str, Sequence[str]]) -> dict[str, list[Marked]]:
    """Return the marked answers of an engine to all queries, by check."""
    found: dict[str, list[Marked]] = {check: [] for check in CHECKS}
    for query in queries:
        limit = PHRASE_LIMIT if query.phrase else LIMIT
        found[query.check].append(mark(query, engine.search(query.text, limit=limit), texts))
    return found


def quality_figures(name: str, marked: Mapping[str, Sequence[Marked]]) -> Figures:
    """Return the share of right answers of the engine `name`, by check; by half and by shared words of requests by meaning."""
    figures = {f"quality.{name}.{check}": share(listed) for check, listed in marked.items() if listed}
    by_group: dict[str, list[Marked]] = defaultdict(list)
    for each in marked["meaning"]:
        by_group[f"half {each.query.half}"].append(each)
        by_group[overlap_group(each.query)].append(each)
    figures |= {f"quality.{name}.meaning, {group}": share(listed) for group, listed in by_group.items()}
    return figures


def overlap_group(query: LabelledQuery) -> str:
    """Return how many words of a request by meaning are in the description of its target, in three groups."""
    found = re.match(r"(\d+) of (\d+)", query.note)
    shared = int(found[1]) / max(int(found[2]), 1) if found else 0.0
    return "few words shared" if shared < 1 / 3 else "some words shared" if shared < 2 / 3 else "most words shared"


class Contradiction(NamedTuple):
    """An answer that contradicts another one, or itself."""

    text: str
    reason: str


def facet_faults(engine: MlgraphSearch, texts: Sequence[str]) -> list[Contradiction]:
    """Return where the count of a facet is not the total of the same search with that filter."""
    faults = []
    for text in texts:
        answer = engine.answer(text, limit=1)
        for name, counts in answer["facets"].items():
            for value in sorted(counts, key=counts.__getitem__, reverse=True)[:_FACET_VALUES]:
                filtered = engine.answer(text, limit=1, **{name: value})["total"]
                if filtered != counts[value]:
                    faults.append(Contradiction(text, f"facet {name}={value} counts {counts[value]}, filtered {filtered}"))
    return faults


def unexplained(engine: MlgraphSearch, texts: Sequence[str]) -> list[Contradiction]:
    """Return hits that do not say which fields and words matched, or name words that are not there."""
    faults = []
    for text in texts:
        for hit in engine.answer(text, limit=10)["hits"]:
            if not hit["matched"] or not all(field["words"] for field in hit["matched"]):
                faults.append(Contradiction(text, f"{hit['uri']} does not say what matched: {hit['matched']}"))
            faults += [Contradiction(text, f"{hit['uri']}: {reason}") for reason in _untrue(hit)]
    return faults


def _untrue(hit: Mapping[str, Any]) -> list[str]:
    texts = f"{hit['name']} {unquote(hit['uri'])} {hit['description'] or ''}"
    shown = _letters(texts) + " " + _letters(" ".join(map(_singular, words(texts))))
    claimed = [word for field in hit["matched"] if field["field"] in {"name", "description"} for word in field["words"]]
    return [f"the word {word!r} is in neither name nor description" for word in claimed if _letters(word) not in shown]


def _letters(text: str) -> str:
    """Return letters and digits in lower case, without diacritics: `Kraków_7` is `krakow7`."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in decomposed if char.isalnum())


def _singular(word: str) -> str:
    """Return the singular: the words of an identifier may be shown joined, each as a singular (`policy2024`)."""
    for plural, one in (("ies", "y"), ("xes", "x"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
        if word.endswith(plural) and len(word) > 3 and not word.endswith(("ss", "us", "is")):
            return word[: -len(plural)] + one
    return word


def spelling_faults(engine: SearchEngine, queries: Sequence[LabelledQuery]) -> list[Contradiction]:
    """Return the names whose spellings do not have the same rank."""
    ranks: dict[frozenset[str], set[int | None]] = defaultdict(set)
    for query in queries:
        if query.check == "spelling":
            ranks[query.expected].add(mark(query, engine.search(query.text), {}).rank)
    return [Contradiction(min(uris), f"ranks {found}") for uris, found in ranks.items() if len(found) > 1]
