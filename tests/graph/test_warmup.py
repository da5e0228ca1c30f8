"""After warm-up, queries compile nothing."""

from __future__ import annotations

from numba.core.dispatcher import Dispatcher

from mlgraph.domain.facts import EdgeFact
from mlgraph.graph.csr import grouping_kernel, patches
from mlgraph.graph.csr.text import string_index
from mlgraph.graph.impact.analysis import ImpactWalk
from mlgraph.graph.model.rows import Layer
from mlgraph.graph.response import edge_listing, json_rendering
from mlgraph.graph.traversal import kernels, small_closures, state_search_kernel
from mlgraph.graph.traversal.closures import walk
from mlgraph.graph.traversal.small_closures import is_small_closure
from mlgraph.graph.warmup import warm
from tests.graph.projected import Projected
from tests.model.examples import A, B, C


def specialised() -> dict[str, int]:
    modules = (small_closures, edge_listing, grouping_kernel, kernels, patches, json_rendering, state_search_kernel, string_index)
    found = {f"{m.__name__}.{name}": each for m in modules for name, each in vars(m).items() if isinstance(each, Dispatcher)}
    return {name: len(each.signatures) for name, each in found.items()}


def test_after_warming_up_queries_compile_nothing() -> None:
    warm()
    before = specialised()
    real = Projected([[EdgeFact(A, "derives", B, "facts", 1)], [EdgeFact(B, "derives", C, "facts", 1)]], compact_at=0)
    root = real.store.assets_by_uri[str(A)].asset
    assert is_small_closure(real.snapshot, root, "downstream", Layer.ASSET, 5)
    assert len(walk(real.snapshot, root, "downstream", Layer.ASSET, 5).assets) == 3
    assert len(ImpactWalk(real.snapshot, root, "values", Layer.ASSET, 5).result().assets) == 2
    assert specialised() == before
