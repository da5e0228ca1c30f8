"""Feature services of Feast: the features of several views that one consumer reads together."""

from __future__ import annotations

from mlgraph.connectors.feast.feast_instance import (
    FeastInstance,
    contacts,
    described,
    lifetime_of,
    objects,
    without_empty,
)
from mlgraph.domain.facts import Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time


def service_statements(instance: FeastInstance, data: Located) -> list[Statement]:
    """Return the facts of `feast.feature_service`: {service}. Its features, and only those, feed it, and so do their views."""
    service = data.need("service")
    spec = service.need("spec")
    uri = instance.uri("feature_service", spec.need("name").name())
    lifetime = lifetime_of(service)
    instance, former = instance.of_creation(uri, lifetime)
    chosen = [
        (projection.need("featureViewName").name(), column.need("name").name())
        for projection in objects(spec, "features")
        for column in objects(projection, "featureColumns")
    ]
    views = [projection.need("featureViewName").name() for projection in objects(spec, "features")]
    feeding = [instance.uri("feature_view", view) for view in views]
    feeding += [instance.feature(view, feature) for view, feature in chosen]
    properties = without_empty(
        feature_refs=[f"{view}:{feature}" for view, feature in chosen],
        created_at=format_time(lifetime.created),
        updated_at=format_time(lifetime.changed),
    )
    state = without_empty(name=spec.need("name").name(), properties=properties) | described(spec)
    return [
        *former,
        *instance.feature_store_asset(uri, lifetime, state),
        *(instance.edge(each, "feeds", uri, lifetime) for each in dict.fromkeys(feeding)),
        *contacts(spec),
    ]
