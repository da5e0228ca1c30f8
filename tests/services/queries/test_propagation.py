"""A propagation query that exceeds its time limit fails; its answer is not truncated."""

import pytest

from mlgraph.domain import deadlines
from mlgraph.domain.errors import OutOfTime
from tests.services.parts import Serving


def test_an_exceeded_time_limit_is_an_error(serving: Serving) -> None:
    root, job, run = "mlg://dataset/n/r", "mlg://workflow/n/w", "mlg://run/n/r1"
    at, since = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"
    serving.store.append(
        {"asset": {"uri": run, "valid_from": at, "properties": {"state": "COMPLETE", "ended_at": at}}},
        {"edge": {"source": run, "relation": "run_of", "target": job, "valid_from": at}},
        {"edge": {"source": root, "relation": "input_to", "target": run, "valid_from": at}},
    )
    serving.follow()
    with deadlines.deadline(60):
        assert serving.queries.propagation(root, since=since)["by_state"]["workflows"]["rebuilt"] == 1
    with deadlines.deadline(-1), pytest.raises(OutOfTime):
        serving.queries.propagation(root, since=since)
