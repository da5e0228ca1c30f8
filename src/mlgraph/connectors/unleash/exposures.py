"""How many users got a variant, as the SDKs of the applications count: hourly buckets of an environment and an application."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from mlgraph.connectors.unleash.unleash_instance import ORIGIN, UnleashInstance
from mlgraph.domain.facts import AssetFact, Mode
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri

_HOUR: Final = 3_600_000_000
_LATE: Final = 300_000_000
"""An hour is complete this long after its end: SDKs send their counts every minute."""


def exposure_facts(instance: UnleashInstance, data: Located, present: Mapping[AssetUri, int]) -> Iterator[AssetFact]:
    """Yield the counts of the last complete hour of each variant, valid from its end, and the applications that counted.

    `present` are the variants and since when they exist: earlier counts are those of another flag of that name. The bucket of
    the current hour still grows. An hour without a count is no report, so that it changes nothing.
    """
    now = data.need("read_at").time()
    counts: dict[AssetUri, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for bucket in data.objects("exposures") or ():
        read = bucket.attempt(lambda found: _counts(instance, data, found))
        if read is None:
            continue
        end, application, by_variant = read
        for variant, count in by_variant.items():
            if end + _LATE <= now and present.get(variant, end) < end:
                counts[variant][end][application] += count
    for variant, hours in sorted(counts.items()):
        end = max(hours)
        hour = {"from": format_time(end - _HOUR), "to": format_time(end), "applications": dict(sorted(hours[end].items()))}
        exposed = {"count": sum(hours[end].values()), **hour}
        yield AssetFact(variant, ORIGIN, end, {"properties": {"exposed": exposed}}, Mode.PATCH)


def _counts(instance: UnleashInstance, data: Located, bucket: Located) -> tuple[int, str, dict[AssetUri, int]]:
    experiment = instance.experiment(data.need("project").name(), data.need("name").name(), bucket.need("environment").name())
    listed = bucket.typed("variants", dict)
    found: dict[AssetUri, int] = {}
    for name, count in listed.members() if listed else ():
        if name and isinstance(count.value, int) and not isinstance(count.value, bool) and count.value > 0:
            found[instance.variant(experiment, name)] = count.value
    return bucket.need("timestamp").time() + _HOUR, bucket.need("appName").text(), found
