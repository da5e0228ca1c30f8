"""The labelled set of "already built": what it promises of its pairs, plans and facts, for seeds that nothing was tuned on."""

from collections import Counter
from statistics import median

import orjson
import pytest

from benchmarks.discovery import labelled_statistics, vocabulary
from benchmarks.discovery.fact_builder import ndjson
from benchmarks.discovery.labelled_set import NEGATIVES_EACH, POSITIVES, WAYS, LabelledSet, labelled_set
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module", params=[1, 977])
def labelled(request: pytest.FixtureRequest) -> LabelledSet:
    return labelled_set(request.param)


def test_the_set_has_the_promised_pairs(labelled: LabelledSet) -> None:
    assert len(labelled.positives) == POSITIVES == 400
    assert len(labelled.negatives) == POSITIVES * NEGATIVES_EACH == 4000
    ways = Counter(pair.how for pair in labelled.positives)
    assert set(ways) == set(WAYS)
    assert min(ways.values()) >= 40
    assert {"dataset", "feature", "feature_view", "model"} <= {pair.kind for pair in labelled.positives}
    negatives = Counter(pair.how for pair in labelled.negatives)
    assert set(negatives) == {"other_data", "region", "shared_keys", "version", "environment", "parent"}
    assert min(negatives.values()) >= 400
    assert len(labelled.unique) >= 200
    assert len(labelled.briefs) == 100
    assert len(labelled.absent_briefs) == 50


def test_no_pair_is_labelled_twice_and_no_negative_is_right(labelled: LabelledSet) -> None:
    pairs = [(pair.asset, pair.other) for pair in (*labelled.positives, *labelled.negatives)]
    assert len(set(pairs)) == len(pairs)
    assert all(pair.other not in labelled.answers[pair.asset] for pair in labelled.negatives if pair.asset in labelled.answers)
    assert not set(labelled.unique) & set(labelled.answers)


def test_answers_are_the_pair_and_merged_assets_about_the_same_topic(labelled: LabelledSet) -> None:
    merged = {pair.other for pair in labelled.positives if pair.how == "merged"}
    for pair in labelled.positives:
        also = labelled.answers[pair.asset] - {pair.other}
        assert pair.other in labelled.answers[pair.asset]
        assert pair.asset in labelled.answers[pair.other]
        assert also <= merged
        assert all(pair.asset in labelled.answers[uri] for uri in also)
    assert any(len(labelled.answers[pair.asset]) > 1 for pair in labelled.positives)


def test_a_merged_asset_is_right_for_plans_about_its_second_topic(labelled: LabelledSet) -> None:
    described = {pair.topic: labelled.built[pair.other].description for pair in labelled.positives if pair.how != "merged"}
    merged = [labelled.built[pair.other] for pair in labelled.positives if pair.how == "merged"]
    found = 0
    for brief in labelled.briefs:
        subject = described.get(brief.topic, "").removeprefix("Subject: ").split(".")[0].lower()
        about = [built.uri for built in merged if subject and f"; also {subject}." in built.description.lower()]
        assert brief.answers.issuperset(about)
        found += len(about)
    assert found


def test_the_teams_words_have_little_in_common(labelled: LabelledSet) -> None:
    found = labelled_statistics.overlaps(labelled)
    assert median(found["columns"]) <= labelled_statistics.MOST_COLUMNS
    assert median(found["name words"]) <= labelled_statistics.MOST_NAME_WORDS
    assert median(found["raw tables"]) > 0.5
    assert "median overlap of columns in positives: 0." in labelled_statistics.printed(labelled)


def test_every_labelled_asset_is_among_the_facts_and_every_fact_is_valid(labelled: LabelledSet) -> None:
    lines = list(ndjson(labelled.facts))
    for line in lines[::7]:
        assert parse_line(Located(orjson.loads(line)), "facts")
    assets = {fact["asset"]["uri"] for fact in labelled.facts if "asset" in fact}
    for fact in labelled.facts:
        if "edge" in fact:
            assert {fact["edge"]["source"], fact["edge"]["target"]} <= assets
    labelled_uris = {uri for pair in (*labelled.positives, *labelled.negatives) for uri in (pair.asset, pair.other)}
    labelled_uris |= {uri for brief in labelled.briefs for uri in brief.answers} | set(labelled.unique)
    assert labelled_uris <= assets
    assert all(AssetUri.parse(pair.asset).kind == AssetUri.parse(pair.other).kind == pair.kind for pair in labelled.positives)


def test_plans_use_no_word_of_the_names(labelled: LabelledSet) -> None:
    for brief in labelled.briefs:
        names = [labelled.built[uri].path for uri in brief.answers if uri in labelled.built]
        assert names
        assert not vocabulary.stems([brief.text]) & vocabulary.stems(names)


def test_the_set_is_a_function_of_its_seed() -> None:
    assert labelled_set(5, 30, 10) == labelled_set(5, 30, 10)
    assert labelled_set(5, 30, 10).facts != labelled_set(6, 30, 10).facts


def test_a_smaller_set_has_all_that_the_large_one_has() -> None:
    small = labelled_set(3, positives=30, briefs=10)
    assert len(small.positives) == 30
    assert len(small.negatives) >= 240
    assert len(small.unique) >= 15
    assert len(small.briefs) == 10
    assert len(small.facts) < 8000


def test_more_positives_than_topics_are_refused() -> None:
    with pytest.raises(ValueError, match="900 positives were asked for; there are 724 topics"):
        labelled_set(1, positives=900)
