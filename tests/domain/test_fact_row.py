"""Facts as rows: the digest that identifies a fact never changes, and the row has the URIs of all new assets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.fact_row import AssetFactRow, EdgeFactRow, digest, key_of, to_row
from mlgraph.domain.facts import AssetFact, AssetRetraction, Declaration, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri

A, B = AssetUri("dataset", "s3://lake", "a"), AssetUri("dataset", "s3://lake", "b")
RUN, TEAM = AssetUri("run", "jobs", "r1"), "mlg://team/acme/t"
STATE = {"name": "é", "owners": [TEAM], "properties": {"schema": [{"name": "c"}]}}


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (EdgeFact(A, "derives", B, "facts", 1), "7c87f31cbd842047eebd1f3e6fb2ede2"),
        (
            EdgeFact(A, "input_to", RUN, 'ours "é"', -1, 2, {"role": "training", "version": "3"}, Mode.PATCH),
            "89efd193448ab4b41e17409161b56bbf",
        ),
        (EdgeFact(RUN, "outputs", A, "facts", 1, None, {"from": [str(B)], "n": 1.5}), "10cf00624acf3a0b75b1cc18ff9c800f"),
        (AssetFact(A, "facts", 1), "62cf93832c20435068c880f687ab1e22"),
        (AssetFact(A, "facts", 1, STATE, Mode.PATCH), "ca1f761a441e05a8b445479b8c0415bf"),
        (AssetRetraction(A, "*", 5), "dd8d9b9347733cbca5658d81a1ea6b8f"),
        (EdgeRetraction(A, "derives", B, "facts", 5), "4d787b29503df7a091692c086b8c2448"),
        (Declaration(RUN, "facts", 5, ("outputs", "inputs")), "92d3b0a14e028d13afecc3a9a6f95c11"),
    ],
)
def test_the_digest_of_a_fact_is_that_of_every_version(fact: Fact, expected: str) -> None:
    """Stores contain these digests: with different digests, a fact that is sent again would be stored twice."""
    assert to_row(fact).digest.hex() == expected


def test_the_row_of_an_edge() -> None:
    properties = {"from": [str(B), str(A)], "role": "base", "version": "1", "n": 1}
    row = to_row(EdgeFact(RUN, "outputs", A, "facts", 1, 2, properties))
    ends = str(RUN), "outputs", str(A)
    assert isinstance(row, EdgeFactRow)
    assert row[1:] == (*ends, "facts", 1, 2, '{"n":1}', "base", "1", 0, None, (str(B), str(A)), None)
    assert row.uris() == (str(B), str(A))
    columns = [AssetUri("column", "n", f"{name}#c") for name in "ab"]
    seen = to_row(EdgeFact(columns[0], "derives", columns[1], "facts", 1, None, {"by": str(RUN)}))
    assert isinstance(seen, EdgeFactRow)
    assert (seen.valid_to, seen.body, seen.by, seen.feeds, seen.uris()) == (FOREVER, "{}", str(RUN), None, (str(RUN),))


def test_the_row_of_an_asset_names_its_columns_and_owners() -> None:
    row = to_row(AssetFact(A, "facts", 1, {**STATE, "properties": {"schema": [{"name": "c"}, {"name": ""}, {"name": "d#e"}, 7]}}))
    assert isinstance(row, AssetFactRow)
    assert row.columns == ("mlg://column/s3%3A%2F%2Flake/a%23c", "mlg://column/s3%3A%2F%2Flake/a%23d%2523e")
    assert row.owners == (TEAM,)
    assert to_row(AssetRetraction(A, "*", 5))[1:] == (str(A), "*", 5, "{}", int(Mode.RETRACT), (), (), None)


@pytest.mark.parametrize("fact", [AssetFact(A, "f"), EdgeFact(A, "derives", B, "f"), AssetRetraction(A, "f")])
def test_a_fact_without_a_time_has_no_row(fact: Fact) -> None:
    with pytest.raises(ValueError, match="without a time"):
        to_row(fact)


@given(st.text(max_size=600))
def test_a_cached_digest_is_the_digest(text: str) -> None:
    fit = text.encode("utf-8", "replace").decode()
    assert key_of(fit) == key_of(fit) == digest(fit)
