"""Search over HTTP (docs/search.md)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mlgraph.domain.options.search_options import FILTERS
from mlgraph.domain.uri import AssetUri
from tests.contract.serving import Api, Json, Names, asset, edge, retract

TEAM = "mlg://team/org/search-team"


def hits(api: Api, q: str, **query: Any) -> list[Json]:
    listed: list[Json] = api.ask("search", q=q, **query)["hits"]
    return listed


def uris(api: Api, q: str, **query: Any) -> list[str]:
    return [hit["uri"] for hit in hits(api, q, **query)]


def matched(hit: Json) -> dict[str, list[str]]:
    return {each["field"]: each["words"] for each in hit["matched"]}


# --- exact names first: the cases of OpenMetadata's issue 31502 and 31228


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("quokkas", ["quokkas7", "quokka", "quokkas_archive", "dim_quokkas", "quokkas_quokkas", "all_quokkas_daily"]),
        ("wombats7", ["wombats", "wombats70", "wombats8", "wombats_7_old", "7wombats"]),
        ("numbat_id", ["numbatid", "numbat_ids", "numbat", "id_numbat", "numbat_id_2"]),
        ("dingoEvents", ["dingo_event", "dingoEventsRaw", "events_dingo", "dingo_events_2024"]),
        ("bilby_9_2", ["bilby_92", "bilby_9", "bilby_2_9", "bilby"]),
        ("Ledger", ["ledgers", "ledger_ledger", "subledger", "ledger2"]),
    ],
)
def test_an_exact_name_is_before_near_names(api: Api, names: Names, name: str, near: list[str]) -> None:
    near_uris = [names.dataset(each) for each in near]
    for uri in near_uris:  # many consumers and a description full of the name speak for the near names
        api.taken(
            asset(uri, description=f"{name} {name} {name}", owners=[TEAM]), edge(uri, "input_to", names.workflow(f"of {near[0]}"))
        )
    api.taken(asset(names.dataset(name)))
    assert uris(api, name)[0] == names.dataset(name)
    assert matched(hits(api, name)[0])["name"]
    for uri, each in zip(near_uris, near, strict=True):
        assert uris(api, each)[0] == uri


@pytest.mark.parametrize("kind", ["dataset", "model"])
def test_a_complete_name_is_the_only_hit(api: Api, names: Names, kind: str) -> None:
    name = f"shop.public.{kind}_orders"
    uri = str(AssetUri(kind, names.store, name))
    api.taken(asset(uri), *(asset(str(AssetUri(kind, names.store, f"{name}_{n}")), description=name) for n in range(20)))
    for query in (uri, name, name.upper(), f"{names.store}/{name}"):
        answer = api.ask("search", q=query)
        assert ([hit["uri"] for hit in answer["hits"]], answer["total"], answer["total_is"]) == ([uri], 1, "exact"), query
        assert answer["facets"]["kind"] == {kind: 1}


def test_spellings_of_a_name_find_it_at_the_same_rank(api: Api, names: Names) -> None:
    api.taken(asset(names.dataset("potoroo_id")), asset(names.dataset("potoroo_key")), asset(names.dataset("id_of_potoroos")))
    for spelling in ("potorooId", "potoroo_id", "potoroo.id", "POTOROO-ID", "potoroos/id", "potoroo id", "PotorooIDs"):
        assert uris(api, spelling)[0] == names.dataset("potoroo_id"), spelling


def test_a_wrong_letter_is_forgiven_in_long_words_only(api: Api, names: Names) -> None:
    api.taken(asset(names.dataset("kookaburra")), asset(names.dataset("emus")), asset(names.dataset("lorikeet_song_files_raw")))
    for typo in ("kookabura", "kokaburra", "koakabura", "kookaburar"):
        [hit] = [hit for hit in hits(api, typo) if hit["uri"] == names.dataset("kookaburra")]
        assert matched(hit)["name"] == ["kookaburra"]
    assert not any("name" in matched(hit) for hit in hits(api, "emos"))
    assert names.dataset("lorikeet_song_files_raw") not in uris(api, "lorikeat_xong_filez_rav")  # an identifier of four parts


def test_typos_add_nothing_where_the_exact_name_is_known(api: Api, names: Names) -> None:
    api.taken(*(asset(names.dataset(name)) for name in ("bandicoot", "bandicoat", "bandacoot")))
    assert uris(api, "bandicoot") == [names.dataset("bandicoot")]


# --- texts


def test_nine_of_ten_words_suffice_and_quotes_mean_the_phrase(api: Api, names: Names) -> None:
    text = "Hourly amounts of plankton that each humpback swallowed along the northern coast"
    other = "Hourly amounts of krill along the coast, that each northern humpback swallowed in the southern plankton"
    api.taken(asset(names.dataset("q1"), description=text), asset(names.dataset("q2"), description=other))
    assert uris(api, text.replace("humpback", "dolphin"))[0] == names.dataset("q1")
    assert uris(api, '"humpback swallowed along the northern coast"') == [names.dataset("q1")]
    assert uris(api, '"coast northern the along"') == []
    assert uris(api, '"humpbacks swallowed"') == []  # a plural is another word of a phrase
    [hit] = hits(api, '"Northern humpback" krill')
    assert matched(hit)["description"] == ["northern humpback", "krill"]


def test_every_field_is_found_and_named(api: Api, names: Names) -> None:
    owner = "mlg://team/org/platypus-keepers"
    schema = [{"name": "beakLength", "type": "int", "description": "from tip to sternum"}]
    properties = {"schema": schema, "metrics": {"calibration_slope": 1}, "note": "nocturnal"}
    uri = names.dataset("echidna_walks")
    api.taken(
        asset(owner, name="Platypus keepers"),
        asset(uri, description="Wanderings", owners=[owner], tags=["monotreme"], properties=properties),
    )
    for q, field, words in (
        ("echidna", "name", ["echidna"]),
        ("wandering", "description", ["wanderings"]),
        ("beak_lengths", "columns", ["beak", "length", "beaklength"]),
        ("sternum", "column descriptions", ["sternum"]),
        ("monotremes", "tag", ["monotreme"]),
        ("platypus keepers", "owner", ["platypus", "keepers"]),
        ("calibration slope", "properties", ["calibration", "slope"]),
        ("nocturnal", "properties", ["nocturnal"]),
        (names.space, "place", names.space.split("-")),
    ):
        [hit] = [hit for hit in hits(api, q, limit=500) if hit["uri"] == uri]
        assert set(words) <= set(matched(hit)[field]) or field == "place", (q, hit["matched"])
        assert matched(hit)[field]
        assert (hit["platform"], hit["owner_names"], hit["team"]) == ("s3", ["Platypus keepers"], owner)


def test_a_hit_by_meaning_lists_the_nearest_words(api: Api, names: Names) -> None:
    api.taken(asset(names.dataset("x9"), description="Motion pictures that spectators rated"))
    [hit] = [hit for hit in hits(api, "film reviews from viewers", limit=100) if hit["uri"] == names.dataset("x9")]
    assert len(matched(hit)["meaning"]) == 3


# --- filters, counts, pages


def test_counts_are_the_totals_of_the_filters(api: Api, names: Names) -> None:
    owners = [f"mlg://team/org/{names.space}-{letter}" for letter in "ab"]
    for number in range(40):
        kind = ("dataset", "model", "feature")[number % 3]
        api.taken(
            asset(
                str(AssetUri(kind, (names.store, f"mlflow:{names.space}")[number % 2], f"zorilla_{number}")),
                owners=[owners[number % 2]],
                tags=[f"tag-{number % 4}"],
                properties={"environment": ("prod", "dev")[number % 2], "deprecated": number % 5 == 0},
            )
        )
    api.taken(retract(str(AssetUri("dataset", names.store, "zorilla_0")), origin="*"))
    answer = api.ask("search", q="zorilla")
    assert (answer["total"], answer["total_is"], answer["facets"]["state"]) == (39, "exact", {"live": 32, "deprecated": 7})
    assert set(answer["facets"]) == set(FILTERS)
    for name, counts in answer["facets"].items():
        assert counts
        for value, number in counts.items():
            narrowed = api.ask("search", q="zorilla", limit=500, **{name: value})
            assert (narrowed["total"], len(narrowed["hits"])) == (number, number), (name, value)
    assert api.ask("search", q="zorilla", kind=["model", "feature"], state="deprecated")["total"] == 5
    assert uris(api, "zorilla", state="deleted") == [str(AssetUri("dataset", names.store, "zorilla_0"))]


def test_pages_are_complete_and_stable_while_the_index_changes(api: Api, names: Names) -> None:
    wanted = {names.dataset(f"jerboa_{number}") for number in range(330)}
    api.taken(*(asset(uri, description="hops at night") for uri in wanted))
    listed: list[str] = []
    cursor: dict[str, str] = {}
    answer: Json = {}
    for page in range(20):
        answer = api.ask("search", q="jerboa hops", limit=40, **cursor)
        listed += [hit["uri"] for hit in answer["hits"]]
        if page == 2:
            api.http.post(
                "/api/v1/facts", content=b'{"asset": {"uri": "%s", "name": "jerboa jerboa hops"}}' % names.dataset("j").encode()
            )
        if not answer["partial"]:
            break
        cursor = {"cursor": answer["frontier"]}
    assert len(listed) == len(set(listed)) == answer["total"]
    assert wanted <= set(listed)
    refused = api.get("search", q="another", cursor=answer["frontier"] or cursor["cursor"])
    assert (refused.status_code, "another search" in refused.json()["detail"]) == (422, True)


def test_without_a_query_all_assets_are_listed(api: Api, names: Names) -> None:
    used = names.dataset("used")
    api.taken(asset(used), asset(names.dataset("unused")), *(edge(used, "input_to", names.workflow(f"w{n}")) for n in range(4)))
    tagged = {"tag": names.space}
    api.taken(*(asset(names.dataset(name), tags=[names.space]) for name in ("used", "unused")))
    until = time.monotonic() + 60
    while uris(api, "", **tagged) != [used, names.dataset("unused")]:  # the prior is refreshed every few seconds
        assert time.monotonic() < until
        time.sleep(0.2)
    assert api.ask("search", **tagged)["total"] == 2


def test_a_word_being_typed_is_the_start_of_one(api: Api, names: Names) -> None:
    api.taken(asset(names.dataset("thylacine_sightings")))
    word = "thylacine sightings"
    for end in range(3, len(word) + 1):
        assert names.dataset("thylacine_sightings") in uris(api, word[:end], prefix=True), word[:end]
    [hit] = hits(api, "thyl", prefix=True)
    assert matched(hit) == {"name": ["thylacine"]}


# --- what changes


def test_a_write_is_found_within_a_second(api: Api, names: Names) -> None:
    waits = []
    for number in range(20):
        word = f"numbered{number}kea"
        api.taken(asset(names.dataset(word)))
        written_at = time.monotonic()
        while not api.http.get("/api/v1/search", params={"q": word}).json()["hits"]:
            time.sleep(0.02)
        waits.append(time.monotonic() - written_at)
    assert sorted(waits)[len(waits) // 2] < 1.0, waits


def test_deleted_assets_and_old_texts_are_not_found(api: Api, names: Names) -> None:
    uri = names.dataset("d")
    api.taken(asset(uri, description="axolotl colours"))
    assert uris(api, "axolotl")[0] == uri
    api.taken(asset(uri, description="newt colours"))
    assert uris(api, "newt colours")[0] == uri
    assert uri not in uris(api, "axolotl")  # the server is shared: others may be near by meaning
    api.taken(retract(uri))
    assert uri not in uris(api, "newt colours")
    assert uris(api, "newt colours", state="deleted") == [uri]
    api.taken(asset(uri, description="frog colours"))
    assert uris(api, "frog colours")[0] == uri


def test_a_renamed_asset_is_found_by_both_names_once(api: Api, names: Names) -> None:
    old, new = names.dataset("capybara_old"), names.dataset("rodent_new")
    api.taken(asset(old, description="large"), asset(new, description="large"), edge(old, "alias_of", new))
    assert uris(api, "capybara_old") == [new]
    assert uris(api, "rodent_new") == [new]


def test_a_deprecated_asset_is_behind_its_successor(api: Api, names: Names) -> None:
    old, new = names.dataset("tapir_counts"), names.dataset("tapir_counts_by_week")
    api.taken(asset(new), asset(old, properties={"deprecated": True, "successor": new}))
    listed = hits(api, "tapir counts")[:2]
    assert [(hit["uri"], hit["state"], hit["successor"]) for hit in listed] == [(new, "live", None), (old, "deprecated", new)]


# --- bad input


@pytest.mark.parametrize(
    "q",
    [
        "x" * 10_000,
        "lorem ipsum " * 833,
        "the of and",
        "!!! ??? ...",
        '"',
        '"never closed',
        '"" "',
        "数据质量报告",
        "name:(a OR b) AND -kind:dataset +x ~2 ^4 [1 TO 5] {a} /re.*/",
        "a\\b\\\\",
        "*",
        "\u202e\u0000 \ud7ff \uffff",
        "%00%ff",
        "é" * 3_000,
        "-" * 5_000,
        " ",
        "\N{GRINNING FACE}",
    ],
)
def test_odd_queries_are_answered(api: Api, q: str) -> None:
    for prefix in (False, True):
        answer = api.ask("search", q=q, prefix=prefix, explain=True)
        assert answer["total"] >= len(answer["hits"])
        for hit in answer["hits"]:
            assert hit["matched"] or not q.strip()


def test_stop_words_chinese_and_symbols_find_names(api: Api, names: Names) -> None:
    api.taken(
        asset(names.dataset("the_who")),
        asset(names.dataset("客户流失预测"), description="按月统计"),
        asset(names.dataset("größen_tabelle")),
    )
    assert uris(api, "the who")[0] == names.dataset("the_who")
    assert uris(api, "流失预测")[0] == names.dataset("客户流失预测")
    assert uris(api, "按月统计")[0] == names.dataset("客户流失预测")
    assert uris(api, "GROSSEN Tabelle")[0] == names.dataset("größen_tabelle")


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"kind": "table"}, "unknown kind"),
        ({"owner": "bob"}, "mlg://"),
        ({"state": "gone"}, "state"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"cursor": "7"}, "cursor"),
        ({"cursor": "Zm9v"}, "cursor"),
        ({"qq": "x"}, "unknown query parameter"),
        ({"q": "x" * 20_001}, "characters"),
    ],
)
def test_wrong_parameters_are_refused(api: Api, query: dict[str, str], part: str) -> None:
    refused = api.get("search", **query)
    assert refused.status_code == 422
    assert part in refused.json()["detail"]


def test_first_letters_find_what_has_just_been_written(api: Api, names: Names) -> None:
    before = api.ask("search", q="zq", prefix="true")
    assert api.ask("search", q="zq", prefix="true") == before
    uri = names.dataset("zq")
    api.taken(asset(uri))
    after = api.ask("search", q="zq", prefix="true")
    assert after["total"] == before["total"] + 1
    assert uri in [hit["uri"] for hit in after["hits"]]
