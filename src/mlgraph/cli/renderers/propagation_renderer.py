"""Renderer of propagation: workflows and assets by rebuild state, with the next step for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mlgraph.cli.output import asset_text, count, kind_of, moment, name_of, plain
from mlgraph.cli.renderers.closure_renderers import MAX_ROWS, cut, owners_to_notify

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.propagation_shapes import FollowedAsset, Propagation, RebuiltWorkflow, ServedBy

    _Entry = RebuiltWorkflow | FollowedAsset

_NEXT: Final = {
    "failed": "check the failed run, then run it again",
    "old": "run it",
    "partly": "run it again once all its inputs are new",
    "waiting": "nothing: its inputs must be new first",
    "running": "nothing: a run is in progress",
    "rebuilt": "nothing",
    "on_old": "switch it to a version built from the new state",
    "mixed": "switch the rest to versions built from the new state",
    "on_new": "nothing",
    "stale": "nothing: see the workflow that writes it",
    "fresh": "nothing",
}
_TO_DO: Final = ("failed", "old", "partly", "on_old", "mixed")
_STYLES: Final = {
    "failed": "bold red",
    "old": "red",
    "on_old": "red",
    "stale": "yellow",
    "partly": "yellow",
    "mixed": "yellow",
    "waiting": "blue",
    "running": "blue",
    "rebuilt": "green",
    "on_new": "green",
    "fresh": "green",
}


def propagation(answer: Propagation) -> RenderableType:
    """Render the state of each consumer as a table: workflows, then assets, those that need action first."""
    head = asset_text(kind_of(answer["root"]), name_of(answer["root"]), answer["root"])
    when = Text(f"changed {moment(answer['since'])}, as of {moment(answer['as_of'])}", "dim")
    if not answer["total"]:
        return Group(head, when, Text("No known asset is derived from it. mlgraph lineage shows what reads it."))
    states = answer["by_state"]
    sums = [_sum(title, counts) for title, counts in states.items() if any(counts.values())]
    workflows = sorted(answer["workflows"], key=lambda each: _rank(states["workflows"], each["state"]))
    assets = sorted(answer["assets"], key=lambda each: _rank(states["assets"], each["state"]))
    rows: list[tuple[_Entry, str]] = [(each, _of_workflow(each)) for each in workflows]
    rows += [(each, _of_asset(each)) for each in assets]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("state", "asset", "since", "detail", "next", "owners"):
        table.add_column(title)
    for each, detail in rows[:MAX_ROWS]:
        state = each["state"]
        table.add_row(
            Text(plain(state.replace("_", " ")), _STYLES.get(state, "")),
            asset_text(each["kind"], each["name"]),
            Text(moment(each["since"])),
            Text(plain(detail), "dim"),
            Text(_next(each)),
            Text(plain(", ".join(name_of(uri) for uri in each["owners"]) or "none")),
        )
    to_do = any(counts.get(state) for counts in states.values() for state in _TO_DO)
    remind = [owners_to_notify(answer["remind"], "Remind")] if to_do else []
    return Group(head, when, *sums, Text(), table, *cut(answer, min(len(rows), MAX_ROWS), ""), *remind)


def _rank(states: dict[str, int], state: str) -> int:
    return next((rank for rank, each in enumerate(states) if each == state), len(states))


def _sum(title: str, counts: dict[str, int]) -> Text:
    counted = (f"{number:,} {plain(word.replace('_', ' '))}" for word, number in counts.items() if number)
    return Text.assemble((f"{plain(title)}: ", "bold"), ", ".join(counted))


def _next(each: _Entry) -> str:
    if each["state"] == "old" and each["kind"] not in ("workflow", "run"):
        return "nothing: it stays as it was built"
    return _NEXT.get(each["state"], "")


def _of_workflow(each: RebuiltWorkflow) -> str:
    parts = [f"run {name_of(each['run'])}"] if each["run"] else []
    if each["waits_on"]:
        parts.append(f"waits on {_some(each['waits_on'])}")
    elif each["missing"] and each["state"] == "partly":
        parts.append(f"missing {_some(each['missing'])}")
    return "; ".join(parts)


def _of_asset(each: FollowedAsset) -> str:
    parts = [f"by run {name_of(each['run'])}"] if each["run"] else []
    successor = each.get("successor")
    if successor:
        parts.append(f"followed by {name_of(successor)}")
    served_by = each.get("served_by")
    if served_by:
        parts.append("runs on " + ", ".join(map(_source, served_by[:3])) + (" ..." if len(served_by) > 3 else ""))
    return "; ".join(parts)


def _source(each: ServedBy) -> str:
    weight = f" at {each['weight']:g}" if "weight" in each else ""
    return f"{name_of(each['uri'])} ({each['state'].replace('_', ' ')}{weight})"


def _some(uris: list[str]) -> str:
    more = f" and {count(len(uris) - 3, 'other')}" if len(uris) > 3 else ""
    return ", ".join(map(name_of, uris[:3])) + more
