"""Assets of Airflow, which are datasets at their location."""

from __future__ import annotations

from mlgraph.connectors.airflow.airflow_instance import ORIGIN, AirflowInstance, optional_text, without_empty
from mlgraph.domain.facts import AssetFact, EdgeFact, Mode, Statement
from mlgraph.domain.payloads.payload import Located


def asset_statements(instance: AirflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `airflow.asset`: {asset}.

    Its name is another name of the dataset, within this installation. What an installation says of the dataset is beneath the
    name of the installation, because several may have the same dataset.
    """
    asset = data.need("asset")
    dataset = instance.dataset(asset)
    since = asset.need("created_at").time()
    described = without_empty(name=optional_text(asset, "name"), group=optional_text(asset, "group"))
    state = {"properties": {f"airflow:{instance.name}": described}}
    found: list[Statement] = [AssetFact(dataset, ORIGIN, since, state, Mode.PATCH)]
    name = instance.asset_name(asset.need("name").name())
    if name != dataset:
        found.append(EdgeFact(name, "alias_of", dataset, ORIGIN, since, mode=Mode.PATCH))
    return found
