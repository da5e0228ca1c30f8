"""Renderers of lineage (a tree), impact (a table) and paths (a chain)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mlgraph.cli.output import SEVERITY_STYLES, ambiguity, asset_text, count, kind_of, name_of, plain
from mlgraph.domain.vocabulary import PART_RELATIONS

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes import shapes
    from mlgraph.client.answer_shapes.propagation_shapes import Propagation

MAX_NODES: Final = 300
MAX_ROWS: Final = 200
MAX_OWNERS: Final = 30
_POSSIBLE: Final = "  possible"


def lineage(answer: shapes.Lineage) -> RenderableType:
    """Render a closure as a tree: each node once, under its nearest predecessor."""
    nodes = {node["uri"]: node for node in answer["nodes"]}
    root = nodes.get(answer["root"])
    label = asset_text(root["kind"] if root else kind_of(answer["root"]), root["name"] if root else name_of(answer["root"]))
    tree = Tree(label.append(f"  {plain(answer['root'])}", "dim"))
    others = [node for node in answer["nodes"] if node["uri"] != answer["root"]]
    if not others:
        side = "" if answer["direction"] == "both" else f"{plain(answer['direction'])} "
        empty = f"No {side}lineage is known at this moment. Try --direction both, or mlgraph show."
        return Group(tree, *ambiguity(answer["root"], answer["ambiguous"]), Text(empty), *folded(answer))
    shown = others[:MAX_NODES]
    tree_nodes = {answer["root"]: tree}
    parents = _parents(answer)
    for node in shown:
        edge = parents.get(node["uri"])
        text = asset_text(node["kind"], node["name"])
        parent = None
        if edge is not None:
            parent = edge["source"] if edge["target"] == node["uri"] else edge["target"]
            arrow = "->" if edge["target"] == node["uri"] else "<-"
            over = f" over {edge['folded']} folded" if "folded" in edge else ""
            text = Text.assemble((f"{arrow} {plain(edge['relation'])}{over}  ", "dim"), text)
        else:
            text.append(f"  {count(node['distance'], 'step')} away", "dim")
        if node["certainty"] == "possible":
            text.append(_POSSIBLE, "yellow")
        if node.get("deleted"):
            text.append("  deleted", "dim")
        tree_nodes[node["uri"]] = tree_nodes.get(parent or "", tree).add(text.append(f"  {plain(node['uri'])}", "dim"))
    total = Text(f"\n{count(answer['total'], 'asset')}", "dim")
    return Group(tree, total, *ambiguity(answer["root"], answer["ambiguous"]), *folded(answer), *cut(answer, len(shown) + 1))


def _parents(answer: shapes.Lineage) -> dict[str, shapes.Edge]:
    """Return for each node the edge to its parent in the tree, one step nearer: certain edges first, folded ones last."""
    distance = {node["uri"]: node["distance"] for node in answer["nodes"]}
    reaching: defaultdict[str, list[tuple[tuple[bool, bool, bool, str], shapes.Edge]]] = defaultdict(list)
    for edge in answer["edges"]:
        for near, far, forward in (
            (edge["source"], edge["target"], True),
            (edge["target"], edge["source"], False),
        ):
            along_direction = answer["direction"] == "both" or forward is (answer["direction"] == "downstream")
            fits = along_direction or edge["relation"] in PART_RELATIONS or edge["relation"] == "alias_of"
            if fits and near in distance and far in distance and distance[near] == distance[far] - 1:
                order = (edge["certainty"] != "certain", "folded" in edge, not along_direction, near)
                reaching[far].append((order, edge))
    return {uri: min(edges, key=lambda each: each[0])[1] for uri, edges in reaching.items()}


def impact(answer: shapes.Impact) -> RenderableType:
    """Render the affected assets as a table, most severe first, and the owners to notify."""
    change = f" by a change of kind {answer['change']}" if answer["change"] else ""
    head = asset_text(kind_of(answer["root"]), name_of(answer["root"]), answer["root"])
    if not answer["affected"]:
        empty = Text(f"No known asset is affected{plain(change)}. mlgraph lineage shows what reads it.")
        return Group(head, *ambiguity(answer["root"], answer["ambiguous"]), empty, *folded(answer))
    order = {severity: position for position, severity in enumerate(answer["by_severity"])}
    rows = sorted(answer["affected"], key=lambda each: order.get(each["severity"], len(order)))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("severity", "asset", "effect", "steps", "path", "owners"):
        table.add_column(title, justify="right" if title == "steps" else "left")
    for each in rows[:MAX_ROWS]:
        affected = asset_text(each["kind"], each["name"])
        if each["certainty"] == "possible":
            affected.append(_POSSIBLE, "yellow")
        table.add_row(
            Text(plain(each["severity"]), SEVERITY_STYLES.get(each["severity"], "")),
            affected,
            Text(plain((each["effect"] or "reached").replace("_", " "))),
            str(each["distance"]),
            Text(plain(" > ".join(name_of(uri) for uri in each["path"][1:-1]) or "directly"), "dim"),
            Text(plain(", ".join(name_of(uri) for uri in each["owners"]) or "none")),
        )
    sums = ", ".join(f"{number:,} {plain(severity)}" for severity, number in answer["by_severity"].items() if number)
    summary = Text.assemble((f"{count(answer['total'], 'asset')} affected{plain(change)}", "bold"), f": {sums}")
    cuts = cut(answer, min(len(rows), MAX_ROWS))
    return Group(
        head,
        *ambiguity(answer["root"], answer["ambiguous"]),
        summary,
        *folded(answer),
        Text(),
        table,
        *cuts,
        owners_to_notify(answer["notify"]),
    )


def owners_to_notify(notices: list[shapes.Notice], action: str = "Notify") -> RenderableType:
    """Render the owners to notify, or to remind, with the number of their assets."""
    if not notices:
        return Text(f"\nNo one to {action.lower()}: none of these assets has a known owner.")
    lines = [Text(f"\n{action}:", "bold")]
    lines += [
        Text.assemble("  ", (plain(name_of(each["owner"])), "bold"), f"  {count(len(each['assets']), 'asset')}")
        for each in notices[:MAX_OWNERS]
    ]
    if len(notices) > MAX_OWNERS:
        lines.append(Text(f"  and {len(notices) - MAX_OWNERS:,} more; --json lists all"))
    return Group(*lines)


def path(answer: shapes.Path) -> RenderableType:
    """Render a path as a chain with one node a line."""
    if not answer["path"]:
        return Text("No path connects the two assets, in either direction, at this moment.")
    lines = []
    arrow = "<-" if answer["direction"] == "upstream" else "->"
    for position, step in enumerate(answer["path"]):
        text = asset_text(step["kind"], step["name"], step["uri"])
        if step["relation"] is not None:
            over = f" over {step['folded']} folded" if "folded" in step else ""
            text = Text.assemble(("  " * position + f"{arrow} {plain(step['relation'])}{over}  ", "dim"), text)
        lines.append(text)
    steps = len(answer["path"]) - 1
    ending = Text(f"{count(steps, 'step')} {answer['direction'] or ''}".rstrip(), "dim")
    if answer["certainty"] == "possible":
        ending.append(_POSSIBLE, "yellow")
    return Group(*lines, ending, *folded(answer))


def folded(answer: shapes.Lineage | shapes.Impact | shapes.Path) -> list[Text]:
    """Return a note about the assets that noise rules hide; empty if they hide none."""
    if not answer["folded"]["count"]:
        return []
    by_rule = ", ".join(f"{number:,} by {plain(name)}" for name, number in answer["folded"]["by_rule"].items())
    return [Text(f"{count(answer['folded']['count'], 'asset')} folded as noise: {by_rule}; --no-fold shows them", "dim")]


def cut(
    answer: shapes.Lineage | shapes.Impact | Propagation,
    shown: int,
    narrow: str = "narrow it with --kind or --depth, or ",
) -> list[Text]:
    """Return notes about entries that are not shown: why, and how to see them; empty if all are shown."""
    lines = []
    if shown < answer["total"]:
        lines.append(Text(f"{shown:,} of {answer['total']:,} shown: {narrow}use --json", "yellow"))
    if answer["partial"]:
        text = f"The answer was cut ({plain(answer['reason'] or 'limit')})."
        further = f" Continue with --cursor {plain(answer['frontier'])}" if answer["frontier"] else ""
        lines.append(Text(text + further, "yellow"))
    return lines
