"""Renderers of assets, edge origins (why), diffs, live versions, connectors, sources and dead letters."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mlgraph.cli.output import ambiguity, asset_text, count, kind_of, moment, name_of, plain, span
from mlgraph.cli.renderers import field_renderers

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes import shapes, source_shapes

MAX_RELATIONS: Final = 40
MAX_HISTORY: Final = 15
MAX_CHANGES: Final = 300
MAX_RUNS: Final = 3
MAX_VALUE_CHARS: Final = 200
_CHANGE: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_SOURCE_COLUMNS: Final = (
    "name",
    "kind",
    "state",
    "lag",
    "read",
    "errors",
    "dead letters",
    "waiting",
    "environment",
    "last sweep",
    "next sweep",
    "address",
)
_SOURCE_STATES: Final = {"failed": "bold red", "following": "green", "stopped": "yellow"}
_HEALTH: Final = {"ok": "green", "failing": "bold red"}


def asset(answer: shapes.Asset) -> RenderableType:
    """Render an asset: its attributes, relations and history."""
    parts: list[RenderableType] = [asset_text(answer["kind"], answer["name"]), Text(plain(answer["uri"]), "dim")]
    if answer["deleted_at"]:
        parts.append(Text(f"deleted at {moment(answer['deleted_at'])}", "bold red"))
    if answer["referenced_only"] and not answer["properties"]:  # a schema describes its columns
        parts.append(Text("Only edges refer to this asset; no source has described it yet.", "yellow"))
    parts += field_renderers.deprecation(answer)
    if answer["description"]:
        parts.append(Text(plain(answer["description"])))
    parts += [Text(f"also called {plain(name)}", "dim") for name in _other_names(answer)]
    parts += ambiguity(answer["uri"], answer["ambiguous"])
    parts.append(_attributes(answer))
    if answer["relations"]:
        parts += [Text("\nRelations", "bold"), *_relations(answer)]
    else:
        parts.append(Text("\nNo relations at this moment."))
    if answer["history"]:
        parts += [Text("\nHistory", "bold"), _history(answer["history"])]
    if answer["partial"]:
        parts.append(Text(f"The answer was cut ({plain(answer['reason'] or 'limit')}).", "yellow"))
    return Group(*parts)


def _other_names(answer: shapes.Asset) -> list[str]:
    """Return the other names of the asset with their validity: the transitive aliases of its URI in both directions."""
    claimants = {answer["uri"], *answer["ambiguous"]} if answer["ambiguous"] else frozenset()
    same = [each for each in answer["names"] if each["decision"] == "same" and not claimants >= {each["name"], each["asset"]}]
    aliases, targets = {answer["uri"]}, {answer["uri"]}
    for _ in same:  # a chain of aliases has at most as many links as there are declarations
        aliases |= {each["name"] for each in same if each["asset"] in aliases}
        targets |= {each["asset"] for each in same if each["name"] in targets}
    names = [(each["name"], each) for each in same if each["asset"] in aliases]
    names += [(each["asset"], each) for each in same if each["name"] in targets]
    lines = (f"{name} {span(each['valid_from'], each['valid_to'])}" for name, each in names if name != answer["uri"])
    return list(dict.fromkeys(lines))


def _attributes(answer: shapes.Asset) -> Table:
    table = _table()
    health = answer["health"]
    reasons = f": {', '.join(health['reasons'])}" if health["reasons"] else ""
    rows = {
        "owners": ", ".join(name_of(uri) for uri in answer["owners"]) or "none",
        "tags": ", ".join(answer["tags"]),
        "environment": answer["environment"] or "",
        "since": moment(answer["valid_from"]) if answer["valid_from"] else "",
        "asserted by": ", ".join(answer["origins"]),
    }
    for title, value in rows.items():
        if value:
            table.add_row(Text(title, "dim"), Text(plain(value)))
    table.add_row(Text("health", "dim"), Text(plain(health["status"] + reasons), _HEALTH.get(health["status"], "")))
    for row in (field_renderers.usage_row(answer), *field_renderers.field_rows(answer)):
        table.add_row(*row)
    for key, value in field_renderers.other_properties(answer):
        table.add_row(Text(plain(key), "dim"), Text(_short(value)))
    return table


def _relations(answer: shapes.Asset) -> list[RenderableType]:
    table = _table()
    for each in answer["relations"][:MAX_RELATIONS]:
        other_end = each["target"] if each["direction"] == "out" else each["source"]
        arrow = "->" if each["direction"] == "out" else "<-"
        ended = f"until {moment(each['valid_to'])}" if each["valid_to"] else ""
        aliases = each["properties"].get("aliases")
        named = f" as {', '.join(map(str, aliases))}" if isinstance(aliases, list) and aliases else ""
        certainty_note = "  possible" if each["certainty"] == "possible" else ""
        origin_text = f"{', '.join(each['origins'])}  since {moment(each['valid_from'])} {ended}{certainty_note}"
        table.add_row(
            Text(f"{arrow} {plain(each['relation'] + named)}", "dim"),
            asset_text(kind_of(other_end), each["name"], other_end),
            Text(plain(origin_text), "dim"),
        )
    shown = min(len(answer["relations"]), MAX_RELATIONS)
    if shown < answer["relations_total"]:
        note = Text(f"{shown:,} of {count(answer['relations_total'], 'relation')} shown; --json has more", "dim")
        return [table, note]
    return [table]


def _history(history: list[shapes.Moment]) -> RenderableType:
    table = _table()
    for each in history[:MAX_HISTORY]:
        table.add_row(
            Text(f"{moment(each['valid_from'])} to {moment(each['valid_to'])}"),
            Text(plain(each["origin"])),
            Text(f"recorded {moment(each['recorded_at'])} by {plain(each['actor'])}", "dim"),
        )
    rest = len(history) - MAX_HISTORY
    return Group(table, Text(f"and {rest:,} more; --json lists all", "dim")) if rest > 0 else table


def why(answer: shapes.Why) -> RenderableType:
    """Render the origins of an edge, and for an inferred edge its premises."""
    edge = _edge(answer["source"], answer["relation"], answer["target"])
    if not answer["origins"]:
        return Group(edge, Text("No origin asserts this edge. mlgraph show lists the relations of an asset."))
    validity = Text("valid", "green") if answer["holds"] else Text("not valid at this moment", "yellow")
    table = _table()
    for each in answer["origins"]:
        interval = f"{moment(each['valid_from'])} to {moment(each['valid_to'])}"
        by = f" by {each['actor']}" if each["actor"] else ""
        recorded = f"recorded {moment(each['recorded_at'])}{by}" if each["recorded_at"] else ""
        table.add_row(Text(plain(each["origin"]), "bold"), Text(interval), Text(plain(recorded), "dim"))
        if each["properties"]:
            table.add_row("", Text(_short(each["properties"])), "")
        if runs := each.get("runs"):
            more = f" and {len(runs) - MAX_RUNS:,} more" if len(runs) > MAX_RUNS else ""
            table.add_row("", Text(plain(f"runs: {', '.join(name_of(run) for run in runs[:MAX_RUNS])}{more}")), "")
    parts: list[RenderableType] = [edge, validity, table]
    if answer["rule"]:
        parts.append(Text(f"\ninferred by the rule {plain(answer['rule'])}, at {moment(answer['path_as_of'])} from"))
        parts += _premises(answer["path"], 1)
    return Group(*parts)


def _premises(path: list[shapes.Ground], depth: int) -> list[RenderableType]:
    """Render premises; those of an inferred edge are indented below it."""
    lines: list[RenderableType] = []
    for each in path:
        origin_text = f"  {', '.join(map(plain, each['origins']))}  since {moment(each['valid_from'])}"
        certainty_text = ("  possible", "yellow") if each["certainty"] == "possible" else ("", "")
        edge = _edge(each["source"], each["relation"], each["target"])
        lines.append(Text.assemble("  " * depth, edge, (origin_text, "dim"), certainty_text))
        lines += _premises(each["path"], depth + 1)
    return lines


def diff(answer: shapes.Diff) -> RenderableType:
    """Render the changes between two moments as a list with the signs +, - and ~."""
    head = Text(f"{moment(answer['from'])} to {moment(answer['to'])}", "dim")
    if not answer["assets"] and not answer["edges"] and not answer["partial"]:
        return Group(head, Text("Nothing changed between these moments."))
    lines: list[Text] = []
    for each in answer["assets"]:
        sign, style = _CHANGE.get(each["change"], ("~", "yellow"))
        lines.append(Text.assemble((f"{sign} ", style), asset_text(each["kind"], each["name"], each["uri"])))
    for edge in answer["edges"]:
        sign, style = _CHANGE.get(edge["change"], ("~", "yellow"))
        lines.append(Text.assemble((f"{sign} ", style), _edge(edge["source"], edge["relation"], edge["target"])))
    ending = Text(f"\n{count(answer['total'], 'change')}", "dim")
    if len(lines) > MAX_CHANGES:
        ending.append(f", {MAX_CHANGES:,} shown here; --json has more")
    if answer["partial"]:
        reason = plain(answer["reason"] or "limit")
        advice = ": raise --limit" if reason.startswith("limit") else ""
        ending.append(f"\nThe answer was cut ({reason}){advice}.", "yellow")
    return Group(head, *lines[:MAX_CHANGES], ending)


def live(answer: shapes.Live) -> RenderableType:
    """Render services with their deployments and versions as a table."""
    if not answer["services"]:
        return Text("No service is known at this moment. Services come from facts: see mlgraph ingest --help.")
    table = _table("service", "deployment", "share", "health", "version", "since")
    for service in answer["services"]:
        name = Text(plain(service["name"]), "bold green")
        if not service["deployments"]:
            table.add_row(name, Text("no deployment", "red"), "", "", "", "")
        total_weight = sum(each["weight"] or 0 for each in service["deployments"])
        for each in service["deployments"]:
            share = f"{(each['weight'] or 0) / total_weight:.1%}" if total_weight and each["weight"] is not None else "-"
            health = Text(plain(each["health"] or "-"), _HEALTH.get(each["health"] or "", ""))
            versions = ", ".join(version["name"] for version in each["versions"]) or "-"
            deployment, since = Text(plain(each["name"])), Text(moment(each["since"]))
            table.add_row(name, deployment, share, health, Text(plain(versions), "magenta"), since)
            name = Text()
    return table


def connectors(answer: source_shapes.Connectors) -> RenderableType:
    """Render the registered connectors as a table."""
    table = _table("connector", "ingest --format", "connect", "payloads", "emits")
    for each in answer["connectors"]:
        table.add_row(
            Text(plain(each["name"]), "bold"),
            plain(each["name"]) if each["accepts_events"] else "-",
            plain(each["name"]) if each["connects"] else "-",
            plain(", ".join(each["event_types"])),
            plain(", ".join((*each["kinds"], *each["relations"]))),
        )
    return table


def sources(answer: source_shapes.Sources) -> RenderableType:
    """Render the connected tools as a table, with their failures and the warnings about events below it."""
    warnings = [_warning_count(count) for count in answer["warnings"]]
    if not answer["sources"]:
        none = "No tool is connected. Connect one with: mlgraph connect TOOL URL; mlgraph connectors lists the tools."
        return Group(Text(none), *warnings)
    table = _table(*_SOURCE_COLUMNS)
    failures: list[Text | None] = []
    for each in answer["sources"]:
        done, total = each.get("done"), each.get("total")
        read = "-" if done is None else f"{done:,}" + (f" of {total:,}" if total else "")
        state = Text(plain(each["state"]), _SOURCE_STATES.get(each["state"], ""))
        if each.get("circuit") == "open":
            state.append(f", circuit open for {_duration(each.get('retry_in_s'))}", "bold red")
        table.add_row(
            Text(plain(each["name"]), "bold"),
            plain(each["kind"]),
            state,
            _duration(each.get("lag_s")),
            read,
            _number(each.get("errors"), "red"),
            _number(each.get("dead_letters"), "yellow"),
            _number(each.get("events_waiting"), "yellow"),
            Text(plain(each.get("environment") or "-")),
            moment(_to_the_second(each.get("last_sweep_at"))),
            moment(_to_the_second(each.get("next_sweep_at"))),
            Text(plain(each["url"]), "dim"),
        )
        failures.append(_failure(each))
    return Group(table, *(failure for failure in failures if failure is not None), *warnings)


def _warning_count(count: source_shapes.EventWarnings) -> Text:
    """Return the number of details that were left out of the events of a format and source, with the latest one."""
    sender = f" from {count['source']}" if count["source"] else ""
    last = f"{count['last']['pointer']}: {count['last']['message']}"
    counted = f"{count['warnings']:,} warnings in {count['events']:,} events; the last one, at {moment(count['last_at'])}"
    return Text(f"{plain(count['format'])}{plain(sender)}: {counted}: {plain(last)}", "yellow")


def _failure(each: source_shapes.Source) -> Text | None:
    """Return the current failure of a source, else its latest one; None if it never failed."""
    if error := each.get("error"):
        return Text(f"{plain(each['name'])}: {plain(error)}", "red")
    if last := each.get("last_error"):
        failed_at = moment(each.get("last_error_at"))
        return Text(f"{plain(each['name'])}: no current failure; the last one, at {failed_at}: {plain(last)}", "dim")
    return None


def source_test(answer: source_shapes.SourceTest) -> RenderableType:
    """Render the result of a connection test. The command writes its error to standard error."""
    if not answer["ok"]:
        return Text(f"{plain(answer['name'])} cannot be read", "bold red")
    least = "at least " if answer["more"] else ""
    found = ", ".join(f"{number:,} {plain(objects)}" for objects, number in answer["counts"].items())
    access = "with credentials" if answer["authenticated"] else "without credentials"
    version = f" {plain(answer['version'])}" if answer["version"] else ""
    return Text.assemble(
        (f"{plain(answer['name'])} answers", "bold green"),
        f": {plain(answer['kind'])}{version} at {plain(answer['url'])}, {access}; {least}{found} ({answer['took_ms']:,.0f} ms)",
    )


def _duration(seconds: float | None) -> str:
    """Return a duration in its largest suitable unit, such as `2 h`; None as a dash."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _number(number: int | None, style: str) -> Text:
    return Text("-") if number is None else Text(f"{number:,}", style if number else "")


def _to_the_second(text: str | None) -> str | None:
    return None if text is None else re.sub(r"\.\d+", "", text)


def dead_letters(answer: shapes.DeadLetters) -> RenderableType:
    """Render dead letters as a table."""
    if not answer["dead_letters"]:
        return Text("No dead letters: all accepted input has been processed.")
    table = _table("id", "format", "received", "attempts", "error")
    for each in answer["dead_letters"]:
        where = f"{each['pointer']}: " if each["pointer"] else ""
        error = Text(plain(where + each["error"]))
        table.add_row(str(each["id"]), plain(each["format"]), moment(each["received_at"]), str(each["attempts"]), error)
    total = count(answer["total"], "dead letter")
    notes = [Text(f"\n{total}; process one again with: mlgraph dead-letters --replay ID", "dim")]
    if answer["partial"]:
        notes.append(Text(f"Continue with --cursor {plain(answer['frontier'])}", "yellow"))
    return Group(table, *notes)


def _edge(source: str, relation: str, target: str) -> Text:
    return Text.assemble(
        asset_text(kind_of(source), name_of(source)),
        (f" -{plain(relation)}-> ", "dim"),
        asset_text(kind_of(target), name_of(target)),
    )


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=bool(titles), header_style="dim")
    for title in titles:
        table.add_column(title)
    return table


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return plain(text if len(text) <= MAX_VALUE_CHARS else f"{text[:MAX_VALUE_CHARS]}... ({len(text):,} characters)")
