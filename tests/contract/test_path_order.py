"""The path shown does not depend on the order in which events arrive (docs/spec.md#10-ties)."""

from __future__ import annotations

from itertools import pairwise, permutations

from mlgraph.domain.uri import AssetUri
from tests.contract.serving import Api, Json

START, END = "a", "z"
BETWEEN = (("m2", "m1"), ("n1", "n2"))
"""Datasets in two layers, each of which the next job reads completely."""


def events(namespace: str) -> list[Json]:
    """Return jobs between layers of datasets, and one that writes a dataset of a layer without reading any."""
    layers = [(START,), *BETWEEN, (END,)]
    jobs = [(f"w{number}", near, far) for number, (near, far) in enumerate(pairwise(layers))]
    return [
        {
            "eventType": "COMPLETE",
            "eventTime": f"2026-03-21T0{minute}:00:00Z",
            "job": {"namespace": namespace, "name": job},
            "run": {"runId": f"{namespace}-{job}"},
            "inputs": [{"namespace": namespace, "name": name} for name in near],
            "outputs": [{"namespace": namespace, "name": name} for name in far],
        }
        for minute, (job, near, far) in enumerate([*jobs, ("w9", (), ("m2",))])
    ]


def test_paths_and_impact_show_the_first_path_by_uris_in_any_order(api: Api) -> None:
    for number, order in enumerate(permutations(range(4))):
        namespace = f"order-{number}"
        sent = events(namespace)
        for place in order:
            api.events([sent[place]])
        start, end = (str(AssetUri("dataset", namespace, name)) for name in (START, END))
        path = [step["uri"] for step in api.ask("paths", source=start, target=end)["path"]]
        assert [AssetUri.parse(uri).name for uri in path] == ["a", "w0", "m1", "w1", "n1", "w2", "z"], order
        affected = {each["uri"]: each["path"] for each in api.ask("impact", uri=start, change="values")["affected"]}
        assert affected[end] == path, order
