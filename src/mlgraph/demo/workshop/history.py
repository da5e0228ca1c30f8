"""Replay of five weeks of the company's workflows, day by day; every run is reported as OpenLineage events.

Arguments: the result file (JSON), the folder of the published data, the folder of the buckets, the URL of the OpenLineage server,
the time (RFC 3339) of the last day's first run. Each run is executed now; its event times are shifted to its day of the replay,
its duration is the measured one.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import json
import sys
import time
import traceback
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from openlineage.client.uuid import generate_static_uuid

from . import jobs
from .emission import Emitter
from .lake import LakeSession, read
from .landing import land
from .schedule import DAYS, JOBS, SHELF_DAYS, TABLES, BatchJob

MINUTES_BETWEEN_JOBS = 4
AGREEMENT_AT = 10


class Replay:
    """The replay: runs the jobs of each day, reports them, and counts the final states."""

    def __init__(self, root: Path, emitter: Emitter, last_day: datetime) -> None:
        """Replay into the buckets below `root`; the last day starts at `last_day`."""
        self._root = root
        self._emitter = emitter
        self._first_day = last_day - timedelta(days=DAYS)
        self.states: Counter[str] = Counter()
        self.failures: list[dict[str, str]] = []

    def describe(self) -> None:
        """Report tables an hour before the first run, and each job a minute before its first run."""
        at = self._first_day - timedelta(hours=1)
        for table, (owner, description) in TABLES.items():
            self._emitter.table(table, owner, description, at)
        for job in JOBS:
            self._emitter.job(job.team, job.name, job.description, self._start(job, job.days.start, before=True))

    def day(self, day: int) -> None:
        """Run all jobs of one day, in order."""
        for job in JOBS:
            if day in job.days:
                self._run(job, day)

    def _start(self, job: BatchJob, day: int, *, before: bool = False) -> datetime:
        minutes = MINUTES_BETWEEN_JOBS * JOBS.index(job) - (1 if before else 0)
        return self._first_day + timedelta(days=day, minutes=minutes)

    def _run(self, job: BatchJob, day: int) -> None:
        start = self._start(job, day)
        run_id = str(generate_static_uuid(start, f"{job.team}/{job.name}".encode()))
        session = LakeSession(self._root, day)
        self._emitter.started(job, run_id, start)
        started = time.perf_counter()
        try:
            job.compute(session)
        except Exception as error:  # noqa: BLE001 - a scheduler records any failure and continues
            at = start + timedelta(seconds=time.perf_counter() - started)
            message = f"{type(error).__name__}: {error}"
            self._emitter.failed(job, run_id, at, session, message, traceback.format_exc(limit=-3))
            self.states["FAIL"] += 1
            failure = {"team": job.team, "job": job.name, "run_id": run_id, "at": at.isoformat(), "message": message}
            self.failures.append(failure)
        else:
            at = start + timedelta(seconds=time.perf_counter() - started)
            self._emitter.completed(job, run_id, at, session)
            self.states["COMPLETE"] += 1


def agreement(root: Path) -> float:
    """Return the share of each title's ten nearest titles that the two teams' embeddings have in common, averaged over titles."""
    first = jobs.nearest(read(root, jobs.TITLE_EMBEDDINGS, DAYS), AGREEMENT_AT)
    second = jobs.nearest(read(root, jobs.MOVIE_VECTORS, DAYS), AGREEMENT_AT)
    shared = [len(np.intersect1d(one, other)) for one, other in zip(first, second, strict=True)]
    return float(np.mean(shared) / AGREEMENT_AT)


def main(raw: Path, root: Path, url: str, last_day: datetime) -> dict[str, Any]:
    """Land the data, run all days, and return the results that the facts of the company are derived from."""
    land(raw, root, DAYS, SHELF_DAYS)
    replay = Replay(root, Emitter(url), last_day)
    replay.describe()
    for day in range(DAYS + 1):
        replay.day(day)
        sys.stderr.write(f"progress {day + 1} {DAYS + 1}\n")
        sys.stderr.flush()
    report = read(root, jobs.SHELF_REPORT, DAYS).set_index("policy")
    return {
        "runs": dict(replay.states),
        "failures": replay.failures,
        "policies": json.loads(report.to_json(orient="index")),
        "embedding_agreement": agreement(root),
    }


if __name__ == "__main__":
    result, raw_folder, bucket_folder, server, moment = sys.argv[1:]
    outcome = main(Path(raw_folder), Path(bucket_folder), server, datetime.fromisoformat(moment))
    Path(result).write_text(json.dumps(outcome, indent=1), "utf-8")
