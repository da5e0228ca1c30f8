"""Writes the parquet files of the example repositories into a folder: `python data.py FOLDER`, with Feast's own Python."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

ROWS = 20


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).replace(microsecond=0)
    times = [now - timedelta(hours=hour + 1) for hour in range(ROWS)]
    keys = [index % 5 for index in range(ROWS)]
    customers = pd.DataFrame({"customer_id": keys, "event_timestamp": times, "created": times})
    customers["lifetime_value"] = [10.5 * (index + 1) for index in range(ROWS)]
    customers["orders_30d"] = list(range(ROWS))
    customers["segment"] = ["new", "loyal"] * (ROWS // 2)
    customers.to_parquet(folder / "customer_features.parquet")
    totals = [float(index) for index in range(ROWS)]
    orders = pd.DataFrame({"customer_id": keys, "event_timestamp": times, "total": totals})
    orders.to_parquet(folder / "orders.parquet")
    visitors = [f"v{key}" for key in keys]
    clicks = pd.DataFrame({"visitor_id": visitors, "event_timestamp": times, "clicks_1h": list(range(ROWS))})
    clicks.to_parquet(folder / "clicks.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
