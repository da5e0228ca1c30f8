"""The feature repository of a shop, for a real Feast: `feast apply` reads it. SHOP_DATA is the folder of the parquet files."""

# mypy: disable-error-code="import-not-found, untyped-decorator"
import os
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, RequestSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Float64, Int64, String

DATA = Path(os.environ["SHOP_DATA"])

customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.INT64, description="Who buys")
visitor = Entity(name="visitor", join_keys=["visitor_id"], value_type=ValueType.STRING)

customer_file = FileSource(
    name="customer_stats",  # the view below has the same name: common in repositories
    path=str(DATA / "customer_features.parquet"),
    timestamp_field="event_timestamp",
    created_timestamp_column="created",
    description="One row a customer and day",
    tags={"layer": "mart"},
    owner="data-platform@example.com",
)
order_file = FileSource(name="order_events", path=f"file://{DATA}/orders.parquet", timestamp_field="event_timestamp")
click_file = FileSource(name="clicks", path=str(DATA / "clicks.parquet"), timestamp_field="event_timestamp")
click_push = PushSource(name="clicks_push", batch_source=click_file, description="Clicks as the site reports them")
basket = RequestSource(name="basket", schema=[Field(name="amount", dtype=Float64)], description="The open basket")

customer_stats = FeatureView(
    name="customer_stats",
    entities=[customer],
    ttl=timedelta(days=30),
    schema=[
        Field(name="lifetime_value", dtype=Float64, description="Revenue so far, in euros", tags={"pii": "no"}),
        Field(name="orders_30d", dtype=Int64),
        Field(name="segment", dtype=String),
    ],
    source=customer_file,
    description="What a customer bought",
    tags={"team": "growth", "tier": "gold"},
    owner="ana@example.com",
)
order_totals = FeatureView(
    name="order_totals",
    entities=[customer],
    schema=[Field(name="total", dtype=Float64)],
    source=order_file,
    online=False,
    owner="growth",
)
visitor_clicks = FeatureView(
    name="visitor_clicks",
    entities=[visitor],
    ttl=timedelta(hours=6),
    schema=[Field(name="clicks_1h", dtype=Int64)],
    source=click_push,
)


@on_demand_feature_view(
    sources=[customer_stats, basket],
    schema=[Field(name="basket_share", dtype=Float64)],
    description="The basket beside all earlier revenue",
    owner="ana@example.com",
)
def basket_share(inputs: pd.DataFrame) -> pd.DataFrame:
    answer = pd.DataFrame()
    answer["basket_share"] = inputs["amount"] / inputs["lifetime_value"]
    return answer


ranker_v1 = FeatureService(
    name="ranker_v1",
    features=[customer_stats[["lifetime_value", "orders_30d"]], basket_share],
    description="Inputs of the ranker",
    tags={"stage": "production"},
    owner="ana@example.com",
)
churn_v1 = FeatureService(name="churn_v1", features=[customer_stats, order_totals, visitor_clicks])
