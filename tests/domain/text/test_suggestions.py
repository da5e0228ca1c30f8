"""The suggestion for a misspelled word is the most similar known word."""

from mlgraph.domain.text.suggestions import did_you_mean


def test_the_most_similar_word_is_suggested() -> None:
    known = {"dataset": 1, "dataset_version": 2, "model": 3}
    assert did_you_mean("datset", known, "one of three") == "did you mean 'dataset'?"
    assert did_you_mean("datset", known, "one of three", quoted=False) == "did you mean dataset?"


def test_without_a_similar_word_the_text_of_the_caller_is_returned() -> None:
    assert did_you_mean("zzz", ["dataset"], "the kinds are dataset") == "the kinds are dataset"
    assert did_you_mean("zzz", [], "none is known") == "none is known"
