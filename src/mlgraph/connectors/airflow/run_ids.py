"""The ids of Airflow's runs in OpenLineage events, computed again from what the REST API returns.

The `id` of a task instance in the REST API is another UUID, and a DAG run has none. Source of both formulas:
`build_dag_run_ol_run_id` and `build_task_instance_ol_run_id` of apache-airflow-providers-openlineage 2.20.3, with
`generate_static_uuid` of openlineage-python: a UUIDv7 whose random bits are the first 76 bits of a SHA-1.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Final
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def dag_run_id(namespace: str, dag: str, date: int, clear_number: int = 0) -> str:
    """Return the id of a DAG run. `date` is its logical date, or `run_after` if it has none (microseconds since the epoch)."""
    return _static_uuid(date, f"{namespace}.{dag}.{clear_number}")


def task_run_id(namespace: str, dag: str, task: str, attempt: int, date: int, map_index: int) -> str:
    """Return the id of an attempt at a task; `date` is that of the DAG run, `map_index` -1 for a task that is not mapped."""
    return _static_uuid(date, f"{namespace}.{dag}.{task}.{attempt}.{map_index}")


def _static_uuid(date: int, text: str) -> str:
    instant = _EPOCH + timedelta(microseconds=date)
    digest = sha1(instant.isoformat().encode() + text.encode(), usedforsecurity=False).digest()
    number = ((date // 1000) & 0xFFFFFFFFFFFF) << 80 | int.from_bytes(digest) >> 84
    number = number & ~(0xF000 << 64) | 7 << 76
    number = number & ~(0xC000 << 48) | 0x8000 << 48
    return str(UUID(int=number))
