"""Contributions add up to the score, and no signal works against its direction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.search.similarity.briefs import BriefSignals, brief_score, of_brief
from mlgraph.search.similarity.scoring import BIAS, PRIOR, SUGGESTED, WEIGHTS, Signals, logistic, of_pair, score

VALUES = st.builds(lambda values: Signals(*values), st.tuples(*[st.floats(0, 1)] * len(Signals._fields)))
AGAINST = ("other_data", "other_slice")


@given(VALUES)
def test_contributions_add_up_to_the_score(signals: Signals) -> None:
    found = of_pair(signals)
    assert sum(each.contribution for each in found) == pytest.approx(score(signals), abs=1e-9)
    assert [each.signal for each in found][-1] == PRIOR
    for each in found:
        assert each.contribution <= 0 if each.signal in AGAINST else each.contribution >= 0


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_contributions_of_texts_add_up_to_their_score(values: tuple[float, float, float]) -> None:
    signals = BriefSignals(*values)
    assert sum(each.contribution for each in of_brief(signals)) == pytest.approx(brief_score(signals), abs=1e-9)


@given(VALUES, st.sampled_from(Signals._fields), st.floats(0, 1))
def test_the_score_is_monotone_in_every_signal(signals: Signals, name: str, value: float) -> None:
    low, high = sorted((getattr(signals, name), value))
    less, more = score(signals._replace(**{name: low})), score(signals._replace(**{name: high}))
    assert less >= more if name in AGAINST else less <= more


def test_no_signal_suffices_for_a_suggestion() -> None:
    assert len(WEIGHTS) <= 10
    assert all(logistic(BIAS + weight) < SUGGESTED for weight in WEIGHTS)
    assert logistic(BIAS + WEIGHTS.sources + WEIGHTS.inputs) < SUGGESTED
    assert score(Signals(text=1.0, columns=1.0, sources=1.0)) > SUGGESTED
