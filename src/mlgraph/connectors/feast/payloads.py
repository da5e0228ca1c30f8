"""The payloads of the connector: their subject, their context, and what is removed from objects before they become one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlgraph.connectors.feast.feast_instance import FeastInstance
from mlgraph.connectors.feast.source_naming import custom_options, digest_of
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize
from mlgraph.domain.uri import AssetUri

TYPES: Final = ("feast.data_source", "feast.feature_view", "feast.feature", "feast.feature_service", "feast.deleted")
REFUSED: Final = "feast.refused"
"""A listing that the registry refused: {what, why}. It is no event: it is reported as an error of the source."""
_CODE: Final = ("body", "bodyText")


def subject(payload: object) -> AssetUri | None:
    """Return the asset that a payload is about; None for a deletion."""
    found = Located(payload)
    kind = found.need("type").text()
    data = found.need("data")
    if kind == REFUSED:
        raise InvalidInput(f"{data.need('what').text()} of the registry could not be read: {data.need('why').text()}")
    if kind not in TYPES or kind == "feast.deleted":
        return None
    instance = instance_of(found)
    if kind == "feast.data_source":
        return data.need("dataset").uri()
    if kind == "feast.feature_service":
        return instance.uri("feature_service", data.need("service").need("spec").need("name").name())
    view = data.need("view").need("spec").need("name").name()
    if kind == "feast.feature":
        return instance.feature(view, data.need("feature").need("name").name())
    return instance.uri("feature_view", view)


def instance_of(payload: Located, context: NamingContext = NO_CONTEXT) -> FeastInstance:
    """Return the registry and project of a payload, its time and the known state of its subject."""
    at, known_before = payload.get("at"), payload.get("held")
    since, state = (known_before.get("since"), known_before.get("state")) if known_before else (None, None)
    properties = state.get("properties") if state else None
    created = properties.get("created_at") if properties else None
    known = state.value if state else None
    return FeastInstance(
        payload.need("instance").name(),
        payload.need("project").name(),
        context,
        at=at.time() if at else None,
        known_since=since.time() if since else None,
        known_state=known if isinstance(known, Mapping) else None,
        known_created=created.time() if created else None,
        known_ended=bool(known_before and known_before.get("ended")),
    )


def sanitized(payload: Located) -> object:
    """Return the copy of a payload that may be stored. Raises `InvalidInput` with the pointer of a value that cannot be."""
    return sanitize(Located(without_code(payload.value), payload.pointer))


def without_code(item: Any) -> Any:  # noqa: ANN401 - JSON as it was decoded
    """Return a copy of an object of the registry without code and queries, which become digests, and without times of reading.

    The body of a function is a pickle: it is never loaded. The times of a request source are those of the answer, so each
    answer would differ from the last.
    """
    if isinstance(item, list):
        return [without_code(each) for each in item]
    if not isinstance(item, dict):
        return item
    copied = {key: without_code(value) for key, value in item.items()}
    code = next((copied[key] for key in reversed(_CODE) if isinstance(copied.get(key), str)), None)
    if code is not None:
        copied = {key: value for key, value in copied.items() if key not in _CODE} | {"digest": digest_of(code)}
    if item.get("type") == "REQUEST_SOURCE":
        copied.pop("meta", None)
    if isinstance(query := item.get("query"), str) and query:
        copied["query"] = digest_of(query)
    if isinstance(options := item.get("configuration"), str):
        copied["configuration"] = custom_options(options)
    return copied
