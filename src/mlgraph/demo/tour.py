"""What to try on the demo: questions with the answers that they show."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mlgraph.demo import company_names

DEFAULT_PORT: Final = 8765
REPLACED_DAYS_AGO: Final = 21
CANDIDATES_CHANGED_DAYS_AGO: Final = 14
_HALF_A_DAY: Final = timedelta(hours=12)


@dataclass(frozen=True)
class TourStep:
    """A command, as its arguments, and what it shows."""

    shows: str
    arguments: Sequence[str]

    def command(self, port: int) -> str:
        """Return the command line, safely quoted; it names the server where that has another port than the usual one."""
        elsewhere = [] if port == DEFAULT_PORT else ["--url", f"http://127.0.0.1:{port}"]
        return shlex.join(["mlgraph", *self.arguments, *elsewhere])


def stories(last_day: datetime, history: Mapping[str, Any], training: Mapping[str, Any]) -> list[TourStep]:
    """Return five things worth trying."""
    before = _moment(last_day - timedelta(days=REPLACED_DAYS_AGO, hours=12))
    newest = [made for made in training["versions"] if made["model"] == "home-ranker"][-1]
    failure = history["failures"][-1]
    candidates = company_names.workflow("recommendations", "candidates.build")
    changed = last_day - timedelta(days=CANDIDATES_CHANGED_DAYS_AGO)
    return [
        TourStep(
            "Before you change the schema of the ratings: what breaks, how badly, whom to tell. Services of three teams do.",
            ["impact", company_names.table("ratings"), "--change", "schema"],
        ),
        TourStep(
            "Advertising is degraded (mlgraph show says why). What lies behind it, model and data: members.load writes "
            f"other columns since today, and {failure['job']} failed with {failure['message']}.",
            ["lineage", company_names.service("ad-decisions"), "--direction", "upstream"],
        ),
        TourStep(
            "What served the home feed three weeks ago. Without --as-of it is version 2; version "
            f"{newest['version']} is trained, measured and not deployed.",
            ["live", company_names.service("home-feed"), "--as-of", before],
        ),
        TourStep(
            "Who says that version 2 of the home ranker came out of this run, and since when: two origins, one edge.",
            [
                "why",
                company_names.mlflow_run(_run_of(training, "home-ranker", "2")),
                "outputs",
                company_names.version("home-ranker", "2"),
            ],
        ),
        TourStep(
            "What changed on the day two weeks ago on which candidates for the home feed began to come from vectors.",
            ["diff", "--from", _moment(changed - _HALF_A_DAY), "--to", _moment(changed + _HALF_A_DAY), candidates],
        ),
    ]


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _run_of(training: Mapping[str, Any], model: str, version: str) -> str:
    return next(str(made["run_id"]) for made in training["versions"] if (made["model"], made["version"]) == (model, version))
