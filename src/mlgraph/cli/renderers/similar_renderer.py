"""Renderer of similar assets: each hit with its score, its reasons and its owners, and whom to talk to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from mlgraph.cli.output import asset_text, count, kind_of, name_of, plain

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.similar_shapes import Dismissal, Similar, SimilarAsset


def similar(answer: Similar) -> RenderableType:
    """Render the hits, the most similar first."""
    parts: list[RenderableType] = []
    if answer["uri"]:
        parts.append(
            asset_text(answer["kind"] or kind_of(answer["uri"]), answer["name"] or name_of(answer["uri"]), answer["uri"])
        )
    if answer["nothing_like_it"]:
        parts.append(Text("There is nothing like it."))
    for number, hit in enumerate(answer["hits"], 1):
        parts += _hit(number, hit)
    parts += _owners(answer)
    left_out = [f"{number:,} {plain(word)}" for word, number in answer["left_out"].items() if isinstance(number, int) and number]
    if left_out:
        parts.append(Text(f"Left out: {', '.join(left_out)}.", "dim"))
    if answer["partial"]:
        more = answer["total"] - len(answer["hits"])
        why = "the plan is long and the time for it was over" if answer["reason"] == "time" else f"{count(more, 'further hit')}"
        parts.append(Text(f"Not complete: {why}.", "yellow"))
    return Group(*parts)


def _hit(number: int, hit: SimilarAsset) -> list[RenderableType]:
    owners = ", ".join(plain(name_of(owner)) for owner in hit["owners"]) or "no owner"
    head = Text.assemble(
        (f"{number}. ", "bold"),
        asset_text(hit["kind"], hit["name"], hit["uri"]),
        (f"  {hit['score']:.2f}  ", "bold green" if hit["suggested"] else "yellow"),
        (owners, "dim"),
    )
    reasons = [
        Text.assemble((f"   {each['contribution']:+.2f} ", "dim"), plain(each["text"]))
        for each in hit["why"]
        if abs(each["contribution"]) >= 0.005
    ]
    if hit["copies"]:
        reasons.append(Text(f"   and {count(len(hit['copies']), 'copy', 'copies')} of it", "dim"))
    return [head, *reasons, Text(f"   {plain(hit['reuse']['text'])}", "bold" if hit["reuse"]["best"] else "dim")]


def _owners(answer: Similar) -> list[RenderableType]:
    if not answer["talk_to"] or not any(hit["suggested"] for hit in answer["hits"]):
        return []
    named = [
        f"{plain(each['name'])} ({', '.join(plain(name_of(uri)) for uri in each['assets'][:3])})" for each in answer["talk_to"]
    ]
    return [Text.assemble(("Talk to: ", "bold"), "; ".join(named))]


def dismissal(answer: Dismissal) -> RenderableType:
    """Render a dismissal, or that it was taken back."""
    pair = f"{plain(name_of(answer['a']))} and {plain(name_of(answer['b']))}"
    if answer["dismissed"]:
        return Text(f"{pair} are not duplicates, says {plain(answer['dismissed_by'] or '')}: the pair is not shown again.")
    return Text(f"{pair} are compared again.")
