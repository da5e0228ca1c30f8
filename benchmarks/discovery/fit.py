"""The fit of the weights of mlgraph's score on one half of labelled sets, and a report on the other half and on other seeds.

    python -m benchmarks.discovery.fit [SEED...] -- [UNSEEN SEED...]

Prints the weights to write into `mlgraph.search.similarity.scoring`, and what those there achieve. Every weight
is bounded: none has the wrong sign, and none alone lifts a pair over the threshold, so that a catalogue in which one signal
misleads (all tables come from one source, all texts from one template) does not fill with suggestions.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.discovery.labelled_set import LabelledSet, labelled_set
from benchmarks.discovery.offline import Offline
from mlgraph.search.similarity.briefs import LISTED, BriefSignals, brief_score
from mlgraph.search.similarity.scoring import BIAS, SUGGESTED, WEIGHTS, Signals, logistic

Floats = NDArray[np.float64]
_NAMES: Final = Signals._fields
_START: Final = Signals(0.5, 4, 3, 3, 1, 2, 0.5, 3, -2, -3)
"""The weights that the fit is drawn to where the set decides nothing (it has no neighbours of vectors)."""
_LEAST: Final = np.array([0.2, 0.5, 0.5, 0.5, 0.2, 0.1, 0.3, 1, -20, -20])
_SHARES: Final = np.array([0.3, 0.95, 0.8, 0.75, 0.3, 0.8, 0.3, 0.9])
"""The greatest weight of each signal for a duplicate, as a share of the bias."""
_MOST_AGAINST: Final = np.array([-0.5, -1.0])
_WITHOUT_LINEAGE: Final = 0.3
"""Share of the pairs that are also shown without their sources: many catalogues have none."""
_AMBIGUOUS_TEXT: Final = 0.65
_RIDGE: Final = 2e-3
_STEPS: Final = 4_000
_SUGGESTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Query:
    """An asset with its compared candidates. `half` is None for an asset without a duplicate."""

    uri: str
    answers: frozenset[str]
    candidates: list[tuple[str, Signals]]
    half: int | None


def queries(labelled: LabelledSet) -> list[Query]:
    """Return all assets of positive pairs and all without a duplicate, each with its candidates."""
    offline = Offline(labelled.facts)
    half = {uri: pair.half for pair in labelled.positives for uri in (pair.asset, pair.other)}
    return [
        Query(
            uri,
            labelled.answers.get(uri, frozenset()),
            [(offline.uri(each.subject.asset), each.signals) for each in offline.ranked(uri)],
            half.get(uri),
        )
        for uri in [*sorted(labelled.answers), *labelled.unique]
    ]


def fitted(training: Sequence[Query], half: int) -> tuple[Floats, float]:
    """Return the weights and the bias of a bounded logistic regression (Adam with projection) on the pairs of one half."""
    chosen = [query for query in training if query.half in (None, half)]
    rows = np.array([signals for query in chosen for _, signals in query.candidates])
    labels = np.array([uri in query.answers for query in chosen for uri, _ in query.candidates], float)
    draw = np.random.default_rng(0).random(len(rows)) < _WITHOUT_LINEAGE
    bare = draw & ((labels > 0) | (rows[:, _NAMES.index("text")] < _AMBIGUOUS_TEXT))
    copied = rows[bare]
    copied[:, [_NAMES.index(name) for name in ("sources", "inputs", "other_data")]] = 0
    rows, labels = np.vstack([rows, copied]), np.concatenate([labels, labels[bare]])
    weights, bias = np.array(_START, float), -5.0
    mean, square = np.zeros(len(weights) + 1), np.zeros(len(weights) + 1)
    for step in range(1, _STEPS + 1):
        error = (1 / (1 + np.exp(-(rows @ weights + bias))) - labels) / len(labels)
        gradient = np.append(rows.T @ error + _RIDGE * (weights - _START), error.sum())
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        change = 0.02 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights, bias = weights - change[:-1], bias - change[-1]
        weights = np.clip(weights, _LEAST, np.concatenate([_SHARES * -bias, _MOST_AGAINST]))
    return weights, float(bias)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan with its compared assets, the best first. There are no answers to a plan for what does not exist."""

    answers: frozenset[str]
    candidates: list[tuple[str, BriefSignals]]
    half: int


def plans(labelled: LabelledSet) -> list[Plan]:
    """Return all plans of a labelled set; of those for what does not exist, every second one is of half 0."""
    offline = Offline(labelled.facts)
    found = [Plan(each.answers, offline.about(each.text), each.half) for each in labelled.briefs]
    absent = [Plan(frozenset(), offline.about(text), number % 2) for number, text in enumerate(labelled.absent_briefs)]
    return [*found, *absent]


def report_plans(found: Sequence[Plan]) -> str:
    """Return how many plans have a right answer in the first three, and how many of those for what does not exist have none."""
    parts = []
    for half in (0, 1):
        present = [plan for plan in found if plan.half == half and plan.answers]
        absent = [plan for plan in found if plan.half == half and not plan.answers]
        right = sum(bool(plan.answers.intersection(_listed(plan)[:_SUGGESTIONS])) for plan in present)
        nothing = sum(not _listed(plan) for plan in absent)
        parts.append(f"half {half}: {right} of {len(present)} plans right, {nothing} of {len(absent)} absent")
    return "; ".join(parts)


def _listed(plan: Plan) -> list[str]:
    return [uri for uri, signals in plan.candidates if brief_score(signals) >= LISTED]


def report(found: Sequence[Query], weights: Floats, bias: float) -> str:
    """Return precision at 1 and recall at 10 by half, and how many assets with and without a duplicate got a suggestion.

    Of an asset with a duplicate, a right one must be among the first `_SUGGESTIONS`.
    """
    parts = []
    for half in (0, 1):
        first, recall, count = 0, 0.0, 0
        for query in found:
            if query.half != half:
                continue
            ranked = [uri for uri, _ in sorted(query.candidates, key=lambda each: -float(weights @ np.array(each[1])))]
            count += 1
            first += bool(ranked) and ranked[0] in query.answers
            recall += len(query.answers.intersection(ranked[:10])) / min(10, len(query.answers))
        parts.append(f"half {half}: precision@1 {first / count:.3f}, recall@10 {recall / count:.3f} of {count}")
    alone = [query for query in found if query.half is None]
    scores = [max((logistic(bias + float(weights @ np.array(s))) for _, s in query.candidates), default=0.0) for query in alone]
    parts.append(f"suggestions for assets without a duplicate: {sum(each >= SUGGESTED for each in scores)} of {len(alone)}")
    paired = [query for query in found if query.half is not None]
    suggested = sum(_is_suggested(query, weights, bias) for query in paired)
    parts.append(f"right suggestions for assets with a duplicate: {suggested} of {len(paired)}")
    return "; ".join(parts)


def _is_suggested(query: Query, weights: Floats, bias: float) -> bool:
    scored = [(logistic(bias + float(weights @ np.array(signals))), uri) for uri, signals in query.candidates]
    first = sorted(scored, reverse=True)[:_SUGGESTIONS]
    return any(score >= SUGGESTED and uri in query.answers for score, uri in first)


def main(arguments: Sequence[str]) -> None:
    """Fit on the seeds before `--`, and report on those after it."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    sets = [labelled_set(int(seed)) for seed in arguments[:split]]
    if sets:
        training = [query for each in sets for query in queries(each)]
        weights, bias = fitted(training, 0)
        found = ", ".join(f"{name}={value:.2f}" for name, value in zip(_NAMES, weights, strict=True))
        sys.stdout.write(f"fitted: {found}; bias {bias:.2f}\n  {report(training, weights, bias)}\n")
        asked = [plan for each in sets for plan in plans(each)]
        sys.stdout.write(f"  {report_plans(asked)}\n")
    for seed in arguments[split + 1 :]:
        labelled = labelled_set(int(seed))
        sys.stdout.write(f"seed {seed}, not seen: {report(queries(labelled), np.array(WEIGHTS), BIAS)}\n")
        sys.stdout.write(f"  {report_plans(plans(labelled))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
