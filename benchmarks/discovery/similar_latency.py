"""The processor time of one comparison of "already built" in one process, on a catalogue of any size.

    python -m benchmarks.discovery.similar_latency [ASSETS]

Measured are the candidates, what is related to the asset, the signals, and the reasons of ten hits. A server also asks its search
for near texts and reads the state of the hits from the store. A million assets take some 3 GB and three minutes.
"""

from __future__ import annotations

import random
import sys
import time
from typing import Final

from benchmarks.discovery.offline import Offline
from benchmarks.discovery.search_catalogue import search_catalogue
from benchmarks.figures import Figures, of_samples
from mlgraph.search.similarity.reasons import Reasons
from mlgraph.search.similarity.scoring import LISTED, of_pair, score

_ASSETS: Final = 100_000
_ASKED: Final = 400
_WARMING: Final = 20
_HITS: Final = 10


def measured(offline: Offline, asked: int = _ASKED) -> Figures:
    """Return the processor times of comparisons of assets that are drawn at random."""
    assets = offline.catalogue.assets()
    taken = []
    for asset in random.Random(5).sample(assets, min(asked + _WARMING, len(assets))):
        started = time.thread_time()
        _answered(offline, asset)
        taken.append(time.thread_time() - started)
    return of_samples("similar.cpu", taken[_WARMING:], len(taken[_WARMING:]))


def _answered(offline: Offline, asset: int) -> list[str]:
    """Return the reasons of the first hits for an asset."""
    ranked = offline.ranked(offline.uri(asset))
    query = offline.subject(asset)
    found = []
    for each in ranked[:_HITS]:
        if query is not None and score(each.signals) >= LISTED:
            reasons = Reasons(query, each.subject, offline.context, offline.graph.asset_index.name)
            found += [reasons.text(part) for part in of_pair(each.signals)]
    return found


def main(arguments: list[str]) -> None:
    """Print the figures for a catalogue with so many assets."""
    offline = Offline(search_catalogue(1, int(arguments[0]) if arguments else _ASSETS).facts())
    sys.stdout.write(f"{len(offline.catalogue):,} compared assets\n")
    for name, value in measured(offline).items():
        sys.stdout.write(f"{name}: {value:.1f}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
