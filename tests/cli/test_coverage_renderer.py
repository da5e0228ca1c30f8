"""What `mlgraph coverage` prints."""

from __future__ import annotations

from mlgraph.api.schema import portal_examples
from mlgraph.cli.renderers import coverage_renderer
from tests.cli.test_asset_renderers import rendered


def test_each_aspect_has_its_count_and_each_gap_its_line() -> None:
    text = rendered(coverage_renderer.coverage(portal_examples.COVERAGE))
    assert "2 model versions serve" in text
    assert "owner       1 of 2" in text
    assert "no owner: nobody owns it, nor its model" in text
    assert portal_examples.COVERAGE["gaps"][0]["fix"] in " ".join(text.split())


def test_where_nothing_serves_the_answer_names_what_would() -> None:
    none = dict.fromkeys(("dataset", "owner", "commit", "evaluation", "experiment", "reference"), 0)
    answer = {**portal_examples.COVERAGE, "deployed": 0, "reaching": none, "expected": none, "gaps": [], "total": 0}
    text = rendered(coverage_renderer.coverage(answer))  # type: ignore[arg-type] # a dict of the same shape
    assert "0 model versions serve" in text
    assert "deployed_as" in text
    assert "names no model" not in text


def test_a_variant_that_names_no_model_is_listed_before_anything_serves() -> None:
    answer = {**portal_examples.COVERAGE, "deployed": 0, "gaps": portal_examples.COVERAGE["gaps"][1:], "total": 1}
    text = rendered(coverage_renderer.coverage(answer))  # type: ignore[arg-type] # a dict of the same shape
    assert "variant challenger" in " ".join(text.split())
    assert "no reference: variant challenger names no model" in text
    assert "mlg://variant/acme/ranker-test%2Fchallenger no reference" in " ".join(text.split())
