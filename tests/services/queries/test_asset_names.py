"""A name resolves to the assets of a naive model, for any order of facts, with newer, renamed and deleted assets and aliases."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.errors import AmbiguousAsset, InvalidInput, UnknownAsset
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Fact, Mode
from mlgraph.domain.naming.dataset_naming import canonical_dataset, dataset_uri_from_location
from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column, field_of_column
from mlgraph.domain.vocabulary import KINDS as KINDS_KNOWN
from mlgraph.services.queries.asset_names import AssetNames
from tests.graph.projected import Projected
from tests.model import histories
from tests.plugins.amounts import amounts
from tests.services.parts import Serving

TIMES = histories.TIMES
WORDS = (
    "orders",
    "Orders",
    "public.orders",
    "shop.public.orders",
    "raw/orders",
    "view:orders",
    "ranker",
    "ranker/7",
    "7",
    "a b",
    "Ö%",
)
NAMESPACES = ("postgres://db:5432", "prod", "s3://lake")
KINDS = ("dataset", "model", "model_version", "feature", "workflow", "run")
TABLE = AssetUri("dataset", "postgres://db:5432", "shop.public.orders")
deterministic = settings(derandomize=True, deadline=None, max_examples=150)


class Following:
    """What `AssetNames` needs of a follower and a store, over a projected graph."""

    def __init__(self, projected: Projected) -> None:
        self.projected = projected

    def snapshot(self) -> Any:
        return self.projected.snapshot

    def last_tx(self) -> int:
        return self.projected.snapshot.watermark


def names_over(projected: Projected) -> AssetNames:
    following: Any = Following(projected)
    return AssetNames(following, following)


class NaiveNames:
    """Resolves names by trying every asset. `called`: the reported names, `deleted`, and `denotes` by URI."""

    def __init__(
        self, uris: Sequence[AssetUri], called: dict[AssetUri, str], deleted: set[AssetUri], denotes: dict[AssetUri, AssetUri]
    ) -> None:
        self.uris, self.called, self.deleted, self.denotes = uris, called, deleted, denotes

    def ways(self, text: str, uri: AssetUri) -> set[tuple[int, int, str, bool]]:
        """Return all ways in which the text fits a URI: two numbers by which they are ordered, how, and if in the same case."""
        found = {(0, 0, "uri", True)} if text == str(uri) else set()
        if self.is_pair(text, uri):
            found.add((1, 0, "pair", True))
        kind, colon, rest = text.partition(":")
        rest = rest.strip()
        if colon and kind == uri.kind and rest:
            found |= {(2, 0, "kind_name", True)} if self.is_pair(rest, uri) else set()
            found |= {(2, 1 + order, "kind_name", same) for order, _, same in self.names(rest, uri)}
        return found | {(3, order, how, same) for order, how, same in self.names(text, uri)}

    @staticmethod
    def is_pair(text: str, uri: AssetUri) -> bool:
        """Return whether the text is the pair, or another spelling of that of a dataset (tests/domain tests the spellings)."""
        joined = {uri.namespace + separator + uri.name for separator in "/:"}
        if text in joined | ({uri.namespace + uri.name} if uri.name.startswith("/") else set()):
            return True
        if uri.kind == "column":
            table, _, field = text.rpartition("#")
            dataset = dataset_of_column(uri)
            return dataset is not None and field == field_of_column(uri) and NaiveNames.is_pair(table, dataset)
        if uri.kind != "dataset" or not text or "#" in text:
            return False
        pairs = [(text[:place], text[place + shift :]) for place, char in enumerate(text) if char in "/:" for shift in (0, 1)]
        spellings = {AssetUri("dataset", *canonical_dataset(*pair)) for pair in pairs if all(pair) and pair[1] != ":"}
        return uri in spellings | {dataset_uri_from_location(text)}

    def names(self, text: str, uri: AssetUri) -> set[tuple[int, str, bool]]:
        spaced = "/".join(text.rsplit(" ", 1)) if " " in text.strip(" ") else text
        complete = [uri.name, self.called.get(uri, uri.name)]
        part = "field" if uri.kind == "column" else "last_part"
        parts = [uri.name[place + 1 :] for place, char in enumerate(uri.name) if char in "./:#"]
        found = set()
        for order, how, names, texts in (
            (0, "name", complete, {text, spaced}),
            (2 if part == "field" else 1, part, parts, {text}),
        ):
            found |= {(order, how, True) for name in names if name in texts}
            found |= {(order + 3, how, False) for name in names if folded(name) in {*map(folded, texts)}}
        return found

    def matches(self, text: str) -> list[tuple[str, str, bool]]:
        """Return (URI, how, same case) of each match, the most exact first."""
        best: dict[AssetUri, tuple[int, int, str, bool]] = {}
        for uri in self.uris:
            asset = self.denotes.get(uri, uri)
            for way in self.ways(text, uri):
                best[asset] = min(best.get(asset, way), way)
        if not set(best) <= self.deleted:
            best = {asset: way for asset, way in best.items() if asset not in self.deleted}
        ordered = sorted(best.items(), key=lambda each: (each[1][:2], str(each[0])))
        return [(str(asset), how, same) for asset, (_, _, how, same) in ordered]

    def one(self, text: str) -> str | None:
        """Return the asset that the text means, if only one fits as exactly."""
        found = [(way[:2], asset) for uri in self.uris for way in self.ways(text, uri) for asset in [self.denotes.get(uri, uri)]]
        if not {asset for _, asset in found} <= self.deleted:
            found = [each for each in found if each[1] not in self.deleted]
        least = min((way for way, _ in found), default=None)
        assets = {str(asset) for way, asset in found if way == least}
        return assets.pop() if len(assets) == 1 else None


def folded(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def some_assets(rng: random.Random) -> list[AssetUri]:
    plain = [
        AssetUri(rng.choice(KINDS), rng.choice(NAMESPACES), rng.choice((*WORDS, "/" + rng.choice(WORDS)))) for _ in range(12)
    ]
    datasets = [uri for uri in plain if uri.kind == "dataset"]
    return list(dict.fromkeys([*plain, *(column_uri(uri, rng.choice(("orders", "id", "a.id"))) for uri in datasets)]))


def texts_for(uris: Sequence[AssetUri], rng: random.Random) -> list[str]:
    texts = [
        *WORDS,
        "ranker 7",
        "id",
        "orders#id",
        "ID",
        "DATASET:orders",
        "nothing like it",
        "model:",
        ":",
        "/",
        "model: ranker",
    ]
    for uri in rng.sample(uris, min(6, len(uris))):
        texts += [str(uri), f"{uri.namespace}/{uri.name}", f"{uri.namespace}:{uri.name}", uri.namespace + uri.name]
        texts += [
            f"{uri.kind}:{uri.name}",
            f"{uri.kind}:{uri.namespace}/{uri.name}",
            uri.name.upper(),
            f"{uri.kind}:{uri.name.lower()}",
        ]
    return texts


@amounts(30, 150)
@deterministic
@given(st.integers(0, 2**32 - 1))
def test_matches_are_those_of_the_naive_model(seed: int) -> None:
    rng = random.Random(seed)
    uris = some_assets(rng)
    owned: list[Fact] = [AssetFact(uri, "facts", TIMES[0], {}, Mode.REPLACE) for uri in uris]
    called = {uri: rng.choice(WORDS) for uri in uris if rng.random() < 0.4}
    earlier: list[Fact] = [AssetFact(uri, "facts", TIMES[1], {"name": rng.choice(WORDS)}, Mode.REPLACE) for uri in called]
    named: list[Fact] = [AssetFact(uri, "facts", TIMES[2], {"name": name}, Mode.REPLACE) for uri, name in called.items()]
    deleted = {uri for uri in uris if rng.random() < 0.2}
    retracted: list[Fact] = [AssetRetraction(uri, "facts", TIMES[3]) for uri in deleted]
    others = [uri for uri in uris if uri not in deleted and uri not in called and uri.kind not in ("column", "dataset")]
    pairs = [(one, other) for one in others for other in others if one.kind == other.kind and one != other]
    denotes = dict(rng.sample(pairs, 1)) if pairs and rng.random() < 0.7 else {}
    aliases: list[Fact] = [EdgeFact(name, "alias_of", asset, "facts", TIMES[0]) for name, asset in denotes.items()]
    naive = NaiveNames(uris, {uri: name for uri, name in called.items() if uri not in deleted}, deleted, denotes)
    facts = [*owned, *earlier, *named, *retracted, *aliases]
    followed = Projected(histories.split(histories.shuffled(facts, rng), rng), from_feed=lambda: rng.random() < 0.5)
    names = [("followed", names_over(followed))]
    first = len(facts) // 2
    rebuilt = Projected([histories.shuffled(facts, rng)[:first]])
    rebuilt.rebuild()
    partly = names_over(rebuilt)
    partly.matches("orders")
    rebuilt.append(facts)
    names.append(("base with newer assets", partly))
    at_once = Projected([facts])
    at_once.rebuild()
    names.append(("rebuilt", names_over(at_once)))
    for text in texts_for(uris, rng):
        if not text.strip():
            continue
        expected, one = naive.matches(text.strip()), naive.one(text.strip())
        for description, found in names:
            answer = found.matches(text)
            listed = [(each["uri"], each["how"], each["same_case"]) for each in answer["matches"]]
            assert listed == expected, (description, text)
            assert answer["uri"] == one, (description, text)
            assert answer["total"] == len(expected)
            kind, _, rest = text.partition(":")
            live = {
                uri
                for uri in {*naive.uris} - deleted - {*denotes}
                if not (kind in KINDS_KNOWN and rest.strip()) or uri.kind == kind
            }
            assert len(answer["nearest"]) == (0 if expected else min(5, len(live))), (description, text, answer)


def test_errors_name_the_candidates_and_the_nearest() -> None:
    uris = [AssetUri("dataset", "prod", "orders"), AssetUri("model", "prod", "orders"), TABLE]
    names = names_over(Projected([[AssetFact(uri, "facts", TIMES[0], {}, Mode.REPLACE) for uri in uris]]))
    assert names.uri_of("mlg://anything") == "mlg://anything"
    assert names.uri_of(" model:orders ") == str(uris[1])
    with pytest.raises(AmbiguousAsset, match=rf"may mean 2 assets: {uris[0]}, {uris[1]}; give the URI"):
        names.uri_of("orders")
    nearest = rf"'shop.public.orders' \({TABLE}\), 'orders' \({uris[0]}\), 'orders' \({uris[1]}\)"
    with pytest.raises(UnknownAsset, match=f"no asset has the name 'ordesr'; the most similar names are {nearest}"):
        names.uri_of("ordesr")
    with pytest.raises(InvalidInput, match="must not be empty"):
        names.uri_of("  ")


def test_a_name_in_a_transaction_that_the_graph_lacks_is_waited_for(serving: Serving) -> None:
    serving.follow()
    serving.store.append({"asset": {"uri": str(TABLE)}})
    names = AssetNames(serving.store.reader, serving.follower)
    serving.follower.start()
    try:
        assert names.uri_of("shop.public.orders") == str(TABLE)
    finally:
        serving.follower.stop()
