"""Node numbers, kinds, names and URIs of the generated company: all domains have the same layers, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.vocabulary import KINDS

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class Layer(NamedTuple):
    """One layer of a domain. `share` is its share of the domain's nodes, in thousandths.

    A URI consists of `head`, the domain's number, `middle` and the node's own name.
    """

    name: str
    kind: str
    share: int
    head: str
    middle: str


_LAKE: Final = "mlg://dataset/s3%3A%2F%2Flake-"
LAYERS: Final = (
    Layer("raw", "dataset", 100, _LAKE, "/raw%2F"),
    Layer("derived", "dataset", 270, _LAKE, "/mart%2F"),
    Layer("feature", "feature", 130, "mlg://feature/domain-", "/"),
    Layer("etl", "workflow", 100, "mlg://workflow/domain-", "/build_"),
    Layer("train", "workflow", 80, "mlg://workflow/domain-", "/train_"),
    Layer("run", "run", 100, "mlg://run/domain-", "/run_"),
    Layer("model_version", "model_version", 100, "mlg://model_version/domain-", "/"),
    Layer("evaluation", "evaluation", 60, "mlg://evaluation/domain-", "/offline_"),
    Layer("deployment", "deployment", 40, "mlg://deployment/domain-", "/"),
    Layer("service", "service", 20, "mlg://service/domain-", "/"),
)
_CODES: Final = {layer.name: code for code, layer in enumerate(LAYERS)}
_NAMES: Final = (
    "orders payments ratings sessions clicks users items prices stock routes trips devices "
    "accounts refunds searches baskets reviews tickets adverts invoices sensors visits plays"
)
_WORDS: Final = tuple(_NAMES.split())


@dataclass(frozen=True, slots=True)
class Layout:
    """`domains` domains of `width` nodes each. A node's number is domain * width + offset of its layer + place in the layer."""

    domains: int
    width: int

    @property
    def nodes(self) -> int:
        """Return the number of nodes."""
        return self.domains * self.width

    def count(self, layer: str) -> int:
        """Return the number of nodes of `layer` in a domain."""
        return self._bounds()[_CODES[layer] + 1] - self._bounds()[_CODES[layer]]

    def start(self, layer: str) -> int:
        """Return the place of the first node of `layer` in its domain."""
        return self._bounds()[_CODES[layer]]

    def _bounds(self) -> list[int]:
        shares = np.cumsum([0, *(layer.share for layer in LAYERS)])
        return [int(bound) for bound in shares * self.width // 1000]

    def at(self, domain: NDArray[np.integer], layer: str, place: NDArray[np.integer]) -> Ints:
        """Return the numbers of the nodes at `place` in `layer` of `domain`."""
        return (domain * self.width + self.start(layer) + place).astype(np.int32)

    def all_of(self, layer: str) -> tuple[Ints, Ints]:
        """Return (domain, place) of every node of `layer`, domain by domain."""
        count = self.count(layer)
        domain = np.repeat(np.arange(self.domains, dtype=np.int32), count)
        return domain, np.tile(np.arange(count, dtype=np.int32), self.domains)

    def nodes_of(self, *layers: str) -> Ints:
        """Return the numbers of all nodes of `layers`, in order."""
        return np.sort(np.concatenate([self.at(*_with_layer(layer, self.all_of(layer))) for layer in layers]))

    def domain_of(self, nodes: NDArray[np.integer]) -> Ints:
        """Return the domains of `nodes`."""
        return (nodes // self.width).astype(np.int32)

    def layer_of(self, nodes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the layers of `nodes`, as positions in `LAYERS`."""
        return np.searchsorted(np.array(self._bounds()[1:]), nodes % self.width, side="right")

    def kinds_of(self, nodes: NDArray[np.integer]) -> Bytes:
        """Return the kinds of `nodes`, by the vocabulary's codes."""
        return np.array([KINDS[layer.kind].code for layer in LAYERS], np.uint8)[self.layer_of(nodes)]

    def uris(self, nodes: NDArray[np.integer]) -> list[str]:
        """Return the canonical URIs of `nodes`."""
        heads, middles = [layer.head for layer in LAYERS], [layer.middle for layer in LAYERS]
        layers = self.layer_of(nodes)
        places = (nodes % self.width) - np.array(self._bounds())[layers]
        rows = zip(layers.tolist(), (nodes // self.width).tolist(), places.tolist(), strict=True)
        return [f"{heads[layer]}{domain:04}{middles[layer]}{_WORDS[place % 23]}_{place:04}" for layer, domain, place in rows]

    def names(self, nodes: NDArray[np.integer]) -> list[str]:
        """Return the display names of `nodes`, unique within a domain."""
        layers = self.layer_of(nodes)
        places = (nodes % self.width) - np.array(self._bounds())[layers]
        rows = zip(layers.tolist(), places.tolist(), strict=True)
        return [f"{LAYERS[layer].name} {_WORDS[place % 23]} {place}" for layer, place in rows]

    def teams(self, domains: NDArray[np.integer]) -> list[str]:
        """Return the URIs of the teams that own `domains`."""
        return [f"mlg://team/company/team-{domain:04}" for domain in domains.tolist()]


def _with_layer(layer: str, where: tuple[Ints, Ints]) -> tuple[Ints, str, Ints]:
    domain, place = where
    return domain, layer, place
