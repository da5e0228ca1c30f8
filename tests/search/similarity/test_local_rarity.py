"""Words and columns that all assets from the same sources have tell nothing about what one is for."""

from __future__ import annotations

import pytest

from mlgraph.search.similarity.local_rarity import LEAST_ASSETS, local_rarity
from tests.search.similarity.planted import Planted

TABLES = (1, 2)
TOPICS = {number: 3 * chr(ord("a") + number - 10) for number in range(10, 34)}


@pytest.fixture
def line() -> Planted:
    """A line of business with one table for each of 24 topics, in a catalogue of other lines."""
    found = Planted()
    for number in range(100, 160):
        found.put(number, f"other{number}", f"subject{number} of area{number}", f"field{number}", sources=(number,))
    for number, topic in TOPICS.items():
        found.put(number, f"taxi_{topic}", f"{topic} aim of taxi passengers", f"passenger_ref {topic}", sources=TABLES)
    return found


def test_what_all_assets_from_the_same_sources_have_weighs_little(line: Planted) -> None:
    vocabulary, columns = line.catalogue.vocabulary, line.catalogue.columns
    profiles = [line.subject(number).profile for number in TOPICS]
    local = local_rarity(profiles, profiles, vocabulary)
    factors = {vocabulary.words[number]: factor for number, factor in local.words.items()}
    assert factors["taxi"] < 0.05
    assert factors["passengers"] < 0.05
    assert factors["aim"] < 0.05
    assert local.columns[columns.number("passenger_ref")] < 0.05
    assert local.columns[columns.number(TOPICS[11])] == 1.0
    assert factors[TOPICS[11]] == 1.0


def test_few_assets_say_nothing_about_their_words(line: Planted) -> None:
    profiles = [line.subject(number).profile for number in range(10, 10 + LEAST_ASSETS - 1)]
    assert local_rarity(profiles, profiles, line.catalogue.vocabulary).words == {}


def test_copies_from_one_template_count_once(line: Planted) -> None:
    for number, place in enumerate(("france", "spain", "italy", "japan", "brazil", "canada"), 40):
        line.put(number, f"churn_{place}", f"departures expected soon in {place}", sources=TABLES)
    vocabulary = line.catalogue.vocabulary
    profiles = [line.subject(number).profile for number in (*TOPICS, *range(40, 46))]
    factors = {vocabulary.words[n]: factor for n, factor in local_rarity(profiles, profiles, vocabulary).words.items()}
    assert factors["departures"] == 1.0


def test_the_topic_outweighs_the_words_of_the_line_of_business(line: Planted) -> None:
    line.put(1, "leavers", "departures expected soon", "depart_on chance", sources=TABLES)
    line.put(2, "taxi_exits", "taxi passengers: departures expected soon", "passenger_ref chance", sources=TABLES)
    assert line.ranked(2)[0] == 1
