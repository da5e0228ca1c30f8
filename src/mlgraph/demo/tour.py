"""Guided tour of the demo: five commands, each with a description of what it shows."""

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
    """A command of the tour: its arguments and a one-line description of what it shows."""

    shows: str
    arguments: Sequence[str]

    def command(self, port: int) -> str:
        """Return the command line, quoted for a shell, with `--url` if the port is not the default."""
        url_option = [] if port == DEFAULT_PORT else ["--url", f"http://127.0.0.1:{port}"]
        return shlex.join(["mlgraph", *self.arguments, *url_option])


def tour_steps(last_day: datetime, history: Mapping[str, Any], training: Mapping[str, Any]) -> list[TourStep]:
    """Return the five steps, with names and times of this build (`last_day`: time of the last day's first run)."""
    before = _moment(last_day - timedelta(days=REPLACED_DAYS_AGO, hours=12))
    newest = [version for version in training["versions"] if version["model"] == "home-ranker"][-1]
    failure = history["failures"][-1]
    changed = last_day - timedelta(days=CANDIDATES_CHANGED_DAYS_AGO)
    return [
        TourStep(
            "Impact of a schema change of the ratings: affected assets, severity, whom to notify. Services of three teams break.",
            ["impact", company_names.pair("ratings"), "--change", "schema"],
        ),
        TourStep(
            "Lineage of advertising, which is degraded (mlgraph show prints the reason): since today members.load writes "
            f"other columns, and {failure['job']} failed with {failure['message']}.",
            ["lineage", "service:ad-decisions", "--direction", "upstream"],
        ),
        TourStep(
            "The model version that served the home feed three weeks ago. Without --as-of it is version 2; version "
            f"{newest['version']} is trained and evaluated, but not deployed.",
            ["live", "service:home-feed", "--as-of", before],
        ),
        TourStep(
            "Provenance of the edge from this run to version 2 of the home ranker: one edge, reported by two origins.",
            [
                "why",
                f"run:{_run_of(training, 'home-ranker', '2')}",
                "outputs",
                "model_version:home-ranker/2",
            ],
        ),
        TourStep(
            "Changes on one day two weeks ago, when the candidates of the home feed switched to vectors.",
            [
                "diff",
                "--from",
                _moment(changed - _HALF_A_DAY),
                "--to",
                _moment(changed + _HALF_A_DAY),
                "workflow:candidates.build",
            ],
        ),
    ]


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _run_of(training: Mapping[str, Any], model: str, version: str) -> str:
    return next(str(each["run_id"]) for each in training["versions"] if (each["model"], each["version"]) == (model, version))
