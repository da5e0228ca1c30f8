"""Feature views of Feast, of every kind, and their features."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.feast.data_sources import sources_of
from mlgraph.connectors.feast.feast_instance import (
    DUMMY,
    FeastInstance,
    Lifetime,
    contacts,
    described,
    lifetime_of,
    objects,
    optional,
    pairs,
    seconds_of,
    tags_of,
    without_empty,
)
from mlgraph.connectors.feast.source_naming import digest_of
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.dataset_naming import canonical_column
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

_SHOWN_INTERVALS: Final = 10
_PLAIN: Final = "featureView"


def feature_names(view: Located) -> list[str]:
    """Return the names of the features of a view, without the join keys that Feast lists among those of a stream view."""
    spec = view.need("spec")
    keys = set(_join_keys(spec))
    return [name for each in objects(spec, "features") if (name := each.need("name").name()) not in keys]


def view_statements(instance: FeastInstance, data: Located) -> list[Statement]:
    """Return the facts of `feast.feature_view`: {view}. The view, what feeds it, and that its features are parts of it."""
    view = data.need("view")
    spec = view.need("spec")
    name = spec.need("name").name()
    uri = instance.uri("feature_view", name)
    lifetime = lifetime_of(view)
    instance, former = instance.of_creation(uri, lifetime)
    sources = [source.uri for source in sources_of(instance, spec)]
    sources += [instance.uri("feature_view", each) for each in _source_views(spec) if each != name]
    features = [instance.feature(name, each) for each in feature_names(view)]
    return [
        *former,
        *instance.feature_store_asset(uri, lifetime, _state(view, spec, lifetime)),
        *(instance.edge(source, "feeds", uri, lifetime) for source in dict.fromkeys(sources)),
        *(instance.edge(feature, "part_of", uri, lifetime) for feature in dict.fromkeys(features)),
        *contacts(spec),
    ]


def feature_statements(instance: FeastInstance, data: Located) -> list[Statement]:
    """Return the facts of `feast.feature`: {view, feature}: the feature, and the dataset and the column that feed it.

    A feature has the column of its name, or the one that is mapped to it, unless the view transforms its source or a query
    is its source.
    """
    view, feature = data.need("view"), data.need("feature")
    spec = view.need("spec")
    name = feature.need("name").name()
    uri = instance.feature(spec.need("name").name(), name)
    lifetime = lifetime_of(view)
    instance, former = instance.of_creation(uri, lifetime)
    properties = without_empty(
        value_type=optional(feature, "valueType"),
        view=spec.need("name").name(),
        created_at=format_time(lifetime.created),
    )
    description = redact_text(optional(feature, "description") or "")
    state = without_empty(name=name, description=description, tags=tags_of(feature), properties=properties)
    sources = sources_of(instance, spec)
    feeding: list[AssetUri] = [source.uri for source in sources]
    if _kind(view) == _PLAIN and not _transformation(spec):
        columns = (_column(source.uri, _column_of(spec, name)) for source in sources if source.has_columns)
        feeding += [column for column in columns if column]
    return [
        *former,
        *instance.feature_store_asset(uri, lifetime, state),
        *(instance.edge(source, "feeds", uri, lifetime) for source in feeding),
    ]


def _state(view: Located, spec: Located, lifetime: Lifetime) -> dict[str, Any]:
    meta = view.need("meta")
    entities = [each for entity in objects(spec, "entities") if (each := entity.text()) != DUMMY]
    online = spec.get("online")
    keys = set(_join_keys(spec))
    features = [
        without_empty(
            name=each.need("name").name(),
            type=optional(each, "valueType"),
            description=redact_text(optional(each, "description") or ""),
        )
        for each in objects(spec, "features")
        if each.need("name").name() not in keys
    ]
    properties = without_empty(
        type=_kind(view),
        features=features,
        entities=entities,
        join_keys=[key for key in _join_keys(spec) if not key.startswith(DUMMY)],
        ttl_s=seconds_of(spec, "ttl"),
        online=online.flag() if online else None,
        state=optional(meta, "state"),
        request=_request_fields(spec),
        transformation=_transformation(spec),
        created_at=format_time(lifetime.created),
        updated_at=format_time(lifetime.changed),
        **_materialised(meta),
    )
    return without_empty(name=spec.need("name").name(), properties=properties) | described(spec)


def _kind(view: Located) -> str:
    """Return Feast's name of the kind of view: featureView, streamFeatureView, onDemandFeatureView, labelView."""
    return optional(view, "type") or _PLAIN


def _join_keys(spec: Located) -> list[str]:
    return [each.need("name").name() for each in objects(spec, "entityColumns")]


def _source_views(spec: Located) -> list[str]:
    """Return the names of the views that a view is computed from."""
    found = [each.need("name").name() for key in ("sourceViews", "source_views") for each in objects(spec, key)]
    sources = spec.get("sources")
    for _, source in sources.members() if sources else ():
        if projection := source.get("featureViewProjection"):
            found.append(projection.need("featureViewName").name())
        elif view := source.get("featureView"):
            found.append(view.need("spec").need("name").name())
    return found


def _request_fields(spec: Located) -> list[str]:
    """Return the names of the values that come with each request."""
    sources = spec.get("sources")
    requests = [found for _, each in (sources.members() if sources else ()) if (found := each.get("requestDataSource"))]
    options = [found for each in requests if (found := each.get("requestDataOptions"))]
    return sorted({each.need("name").name() for found in options for each in objects(found, "schema")})


def _transformation(spec: Located) -> dict[str, Any]:
    """Return mode, name and digest of the code with which a view computes its features; never the code."""
    found = spec.get("featureTransformation")
    function = (found.get("userDefinedFunction") if found else None) or spec.get("userDefinedFunction")
    if function is None:
        return {"mode": "other"} if found else {}
    code = optional(function, "bodyText") or optional(function, "body")
    return without_empty(
        mode=optional(function, "mode") or optional(spec, "mode"),
        name=optional(function, "name"),
        digest=optional(function, "digest") or (digest_of(code) if code else None),
    ) or {"mode": "other"}


def _materialised(meta: Located) -> dict[str, Any]:
    """Return the latest intervals that were written to the online store, and how many earlier ones are left out."""
    intervals = [
        {"from": format_time(each.need("startTime").time()), "to": format_time(each.need("endTime").time())}
        for each in objects(meta, "materializationIntervals")
    ]
    intervals.sort(key=lambda each: (each["to"], each["from"]))
    shown = intervals[-_SHOWN_INTERVALS:]
    return without_empty(
        materialized=shown,
        materialized_until=shown[-1]["to"] if shown else None,
        materialized_left_out=len(intervals) - len(shown) or None,
    )


def _column_of(spec: Located, feature: str) -> str:
    batch = spec.get("batchSource")
    mapping = pairs(batch, "fieldMapping") if batch else {}
    return next((column for column, to in mapping.items() if to == feature), feature)


def _column(dataset: AssetUri, field: str) -> AssetUri | None:
    uri = AssetUri("column", dataset.namespace, f"{dataset.name}#{canonical_column(dataset.namespace, field)}")
    return uri if len(str(uri)) <= MAX_URI_CHARS else None
