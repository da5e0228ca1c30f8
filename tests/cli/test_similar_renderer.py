"""The renderer of similar assets: hits with reasons, whom to talk to, and what was left out."""

from __future__ import annotations

import copy
from io import StringIO
from typing import Any

from rich.console import Console, RenderableType

from mlgraph.api.schema.similar_examples import DISMISSAL, SIMILAR
from mlgraph.cli.renderers import similar_renderer


def rendered(drawn: RenderableType) -> str:
    console = Console(file=StringIO(), width=20_000, highlight=False, emoji=False)
    console.print(drawn)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def answer(**changes: Any) -> Any:
    return {**copy.deepcopy(SIMILAR), **changes}


def test_a_hit_has_its_score_its_reasons_and_its_owners() -> None:
    text = rendered(similar_renderer.similar(answer()))
    for part in ("movie-vectors", "0.91", "+0.60 both come from ratings and titles", "the best copy to reuse", "2 related"):
        assert part in text
    assert "Talk to: recommendations (movie-vectors)" in text


def test_nothing_like_it_and_a_cut_answer_say_so() -> None:
    assert "There is nothing like it." in rendered(similar_renderer.similar(answer(hits=[], nothing_like_it=True, talk_to=[])))
    assert "Not complete: 6 further hits." in rendered(similar_renderer.similar(answer(partial=True, reason="limit", total=7)))
    assert "the time for it was over" in rendered(similar_renderer.similar(answer(partial=True, reason="time")))


def test_texts_of_sources_write_no_control_characters() -> None:
    wild = answer()
    wild["hits"][0]["name"] = "a\x1b[2Jb\u202ec"
    wild["hits"][0]["why"][0]["text"] = "both come from \x1b]0;x\x07"
    wild["hits"][0]["reuse"]["text"] = "\x9b31m"
    text = rendered(similar_renderer.similar(wild))
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)


def test_a_dismissal_names_the_pair_and_its_actor() -> None:
    assert "title-embedding and movie-vectors are not duplicates, says ann" in rendered(similar_renderer.dismissal(DISMISSAL))
    undone = {**DISMISSAL, "dismissed": False, "dismissed_by": None}
    assert "are compared again" in rendered(similar_renderer.dismissal(undone))  # type: ignore[arg-type] # the same keys
