"""Tables and graphs of the libraries that notebooks use; they come with `pip install mlgraph[notebook]`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd


class PartialAnswer(UserWarning):
    """The answer lists only a part of the assets."""


def data_frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows as a data frame with these columns. Raises `ImportError` without pandas."""
    try:
        import pandas as pd  # noqa: PLC0415 - an extra: only notebooks have it
    except ImportError as error:
        raise _missing("pandas") from error
    return pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], columns=list(columns))


def graph(
    nodes: Iterable[tuple[str, Mapping[str, Any]]], edges: Iterable[tuple[str, str, str, Mapping[str, Any]]]
) -> nx.MultiDiGraph[str]:
    """Return a directed graph of URIs; `edges` are (source, target, key, attributes). Raises `ImportError` without networkx."""
    try:
        import networkx as nx  # noqa: PLC0415 - an extra: only notebooks have it
    except ImportError as error:
        raise _missing("networkx") from error
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    made.add_nodes_from((uri, dict(attributes)) for uri, attributes in nodes)
    for source, target, key, attributes in edges:
        made.add_edge(source, target, key, **attributes)
    return made


def warn_if_partial(answer: Mapping[str, Any], listed: int) -> None:
    """Warn if an answer lists only `listed` of its assets, so that nobody counts a part for everything."""
    if answer["partial"] or listed < answer["total"]:
        known = f"the answer lists {listed:,} of {answer['total']:,} assets"
        text = f"{known}: raise limit, or continue with cursor={answer['frontier']!r}"
        warnings.warn(text, PartialAnswer, stacklevel=3)


def _missing(library: str) -> ImportError:
    return ImportError(f"{library} is not installed: pip install 'mlgraph[notebook]'", name=library)
