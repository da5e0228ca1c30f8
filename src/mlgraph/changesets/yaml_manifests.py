"""Manifests in YAML: the objects of mlgraph, and services, deployments and jobs of Kubernetes and what extends it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Final

from mlgraph.changesets.definitions import Definition, Target
from mlgraph.changesets.yaml_documents import Yaml, as_map, as_text
from mlgraph.domain.uri import AssetUri

_OWN: Final = {
    "Service": ("service", ""),
    "Pipeline": ("workflow", ""),
    "Automation": ("workflow", "automation/"),
    "GatePolicy": ("policy", ""),
    "Monitor": ("policy", "monitor/"),
    "LabelPolicy": ("policy", "label/"),
    "RoutePolicy": ("policy", "route/"),
}
"""Kind and prefix of the name of each kind of mlgraph's own manifests."""
_DEFAULT_NAMESPACE: Final = "org"
_ELSEWHERE: Final = {
    "Deployment": "deployment",
    "StatefulSet": "deployment",
    "DaemonSet": "deployment",
    "Rollout": "deployment",
    "Service": "service",
    "InferenceService": "service",
    "RayService": "service",
    "SeldonDeployment": "service",
    "HTTPRoute": "service",
    "Job": "workflow",
    "CronJob": "workflow",
    "Workflow": "workflow",
    "CronWorkflow": "workflow",
    "RayJob": "workflow",
    "SparkApplication": "workflow",
}
"""Kind of the asset that a manifest of Kubernetes, KServe, Ray, Argo or Spark stands for."""


def read_manifests(documents: list[Yaml]) -> Iterator[Definition]:
    """Yield the asset of each manifest. What a changed manifest changes is not known, so such a change is only possible."""
    for document in documents:
        manifest = as_map(document)
        version, kind = as_text(manifest.get("apiVersion")) or "", as_text(manifest.get("kind")) or ""
        metadata = as_map(manifest.get("metadata"))
        name, namespace = as_text(metadata.get("name")) or "", as_text(metadata.get("namespace")) or ""
        if not (version and name):
            continue
        spec = {key: value for key, value in manifest.items() if key not in ("metadata", "status")}
        content = hashlib.blake2b(json.dumps(spec, sort_keys=True).encode(), digest_size=12).hexdigest()
        if version.startswith("mlgraph/") and kind in _OWN:
            own, prefix = _OWN[kind]
            uri = str(AssetUri(own, namespace or _DEFAULT_NAMESPACE, f"{prefix}{name}"))
            yield Definition(Target(own, name, uri=uri), content=content, certain=False, form=kind)
        elif not version.startswith("mlgraph/") and kind in _ELSEWHERE:
            yield Definition(Target(_ELSEWHERE[kind], name), content=content, certain=False, form=kind)
