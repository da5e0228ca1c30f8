"""What the labelled set is like: counts by kind and way, and how little the two halves of a positive pair have in common."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Final

from benchmarks.discovery.labelled_set import LabelledSet, labelled_set
from benchmarks.discovery.vocabulary import topics, words

MOST_COLUMNS: Final = 0.3
MOST_NAME_WORDS: Final = 0.2


def jaccard(left: Iterable[str], right: Iterable[str]) -> float:
    """Return the share of common elements; 0 if both are empty."""
    first, second = set(left), set(right)
    return len(first & second) / len(first | second) if first | second else 0.0


def overlaps(labelled: LabelledSet) -> dict[str, list[float]]:
    """Return for the positive pairs the overlaps of column names (pairs with columns), of name words and of raw tables."""
    found: dict[str, list[float]] = {"columns": [], "name words": [], "raw tables": []}
    for pair in labelled.positives:
        asset, other = labelled.built[pair.asset], labelled.built[pair.other]
        if asset.columns and other.columns:
            found["columns"].append(jaccard(map(str.lower, asset.columns), map(str.lower, other.columns)))
        found["name words"].append(jaccard(words(asset.path), words(other.path)))
        found["raw tables"].append(jaccard(asset.raw, other.raw))
    return found


def printed(labelled: LabelledSet) -> str:
    """Return the statistics as text, one finding a line."""
    rows = [f"labelled set, seed {labelled.seed}: {len(labelled.facts):,} facts"]
    for title, pairs in (("positive pairs", labelled.positives), ("hard negatives", labelled.negatives)):
        ways = Counter(pair.how for pair in pairs)
        kinds = Counter(pair.kind for pair in pairs)
        embeddings = {topic.key for topic in topics() if topic.concept.embedding}
        kinds["embedding"] = sum(pair.topic in embeddings for pair in pairs)
        listed = ", ".join(f"{name} {count}" for counts in (ways, kinds) for name, count in sorted(counts.items()))
        rows.append(f"{len(pairs):,} {title}: {listed}")
    rows += [
        f"median overlap of {name} in positives: {median(each):.2f} ({len(each)} pairs)"
        for name, each in overlaps(labelled).items()
    ]
    rows.append(
        f"{len(labelled.unique)} assets without a duplicate, {len(labelled.briefs)} plans, {len(labelled.absent_briefs)} absent"
    )
    return "\n".join(rows) + "\n"


def main() -> None:
    """Print the statistics of the seeds given on the command line (default: 1)."""
    for seed in map(int, sys.argv[1:] or ["1"]):
        sys.stdout.write(printed(labelled_set(seed)))


if __name__ == "__main__":
    main()
