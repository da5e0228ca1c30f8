"""The comment of a pull request in Markdown: verdict, whom to tell, the worst assets, what can be done, details to unfold.

It has no time and no commit in it, so that the same changes at the same watermark give the same bytes. Text from sources is
escaped, and bounded before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from mlgraph.cli.output import count, kind_of, name_of
from mlgraph.domain.text.escaping import markdown_code, markdown_text
from mlgraph.domain.uri import AssetUri

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.changed_files_shapes import AffectedByFiles, AffectedTeam, ChangedAsset, ChangedFilesImpact

MARKER: Final = "<!-- mlgraph:impact -->"
"""Hidden in the comment: whoever posts it finds an earlier comment by it, and replaces that."""
MAX_BYTES: Final = 60_000
"""Largest size of a comment in UTF-8; GitHub takes 65,536 characters."""
WORST: Final = 10
_TEAMS_IN_LINE: Final = 5
_NAME_CHARS: Final = 60
_PATH_STEPS: Final = 6
_CHANGED_SHARE, _TEAMS_SHARE, _UNKNOWN_SHARE = 10_000, 24_000, 10_000
"""Largest sizes of the folds in bytes; together with the rest they fit into `MAX_BYTES`."""
_HANDLE: Final = re.compile(r"@[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99})?", re.ASCII)
_EFFECTS: Final = {"breaks_now": "breaks now", "breaks_next_run": "breaks at its next run", "tainted": "tainted"}


def comment(answer: ChangedFilesImpact, base: str, server: str) -> str:
    """Return the comment. `base` names the branch that the pull request merges into, `server` the URL for the link."""
    as_of = f"watermark {answer['watermark']}, as of the merge base with {_code(base)}"
    head = f"**mlgraph**: {markdown_text(answer['verdict'])}; {as_of}"
    if not answer["affected"] and not answer["unknown"] and not answer["failed"]:
        return f"{head}. {MARKER}\n"
    parts = [f"{head}. {MARKER}", ""]
    if answer["failed"]:
        parts += [f"**Above the threshold**: {markdown_text('; '.join(answer['failed']))}.", ""]
    if answer["affected"]:
        parts += [f"**Tell** {_whom(answer['by_team'])}.", "", *_worst(answer), ""]
        parts += [*_advice(answer), ""]
    parts += _folds(answer)
    link = _link(answer, server)
    if link:
        parts += ["", link]
    return "\n".join(parts) + "\n"


def _whom(teams: Sequence[AffectedTeam]) -> str:
    """Return the teams in one line: handle or name, number of assets, worst effect."""
    shown = [f"{_team(each)} ({count(each['total'], 'asset')}, {_worst_of(each)})" for each in teams[:_TEAMS_IN_LINE]]
    more = len(teams) - len(shown)
    return "; ".join(shown) + (f"; and {more:,} more teams below" if more else "")


def _team(team: AffectedTeam) -> str:
    name = markdown_text(_short(team["name"] or (name_of(team["team"]) if team["team"] else "nobody known")))
    handle = team["handle"]
    return f"{name} {handle}" if handle and _HANDLE.fullmatch(handle) else name


def _worst_of(team: AffectedTeam) -> str:
    return _effect(team["worst"], team["certainty"])


def _effect(effect: str, certainty: str) -> str:
    return f"{_EFFECTS[effect]}{'' if certainty == 'certain' else ', possible'}"


def _worst(answer: ChangedFilesImpact) -> list[str]:
    """Return the table of the worst assets, each with the path that proves it."""
    rows = [
        f"| {_EFFECTS[each['effect']]} | {_certainty(each)}{each['severity']} | {_asset(each)} | {_path(each['path'])} |"
        for each in answer["affected"][:WORST]
    ]
    more = answer["total"] - len(rows)
    rest = [f"| | | {more:,} more | by team below |"] if more > 0 else []
    return ["| effect | severity | asset | path |", "|---|---|---|---|", *rows, *rest]


def _certainty(each: AffectedByFiles) -> str:
    return "" if each["certainty"] == "certain" else "possible, "


def _asset(each: AffectedByFiles) -> str:
    return f"{markdown_text(each['kind'].replace('_', ' '))} {_code(each['name'])}"


def _path(uris: Sequence[str]) -> str:
    """Return a path by names; of a long one the first and the last steps, with the number of those between."""
    names = [markdown_text(_short(name_of(uri))) for uri in uris]
    if len(names) > _PATH_STEPS:
        names = [*names[:3], f"({len(names) - _PATH_STEPS + 1} more)", *names[-2:]]
    return " → ".join(names)


def _advice(answer: ChangedFilesImpact) -> list[str]:
    """Return what can be done about the changes."""
    changes = {each["change"] for each in answer["assets"]}
    lines = []
    if "schema" in changes:
        lines.append(
            "- Make the change additive: add the new column beside the old one, and drop the old one when nothing reads it."
        )
    if "retire" in changes:
        lines.append("- Keep the old name until its readers have moved.")
    if changes & {"schema", "retire"}:
        lines.append(
            "- Announce it with a deadline and the successor: <code>mlgraph annotate ASSET --deprecated --successor ASSET</code>."
        )
    if "values" in changes:
        lines.append("- Build again what is computed from it, after the merge: the list is below.")
    return ["**What can be done**", *lines] if lines else []


def _folds(answer: ChangedFilesImpact) -> list[str]:
    """Return the details to unfold, each within its share of the size."""
    parts: list[str] = []
    changed = [each for each in answer["assets"] if each["change"] is not None]
    if changed:
        parts += _fold(f"Changed: {count(len(changed), 'asset')}", map(_changed, changed), _CHANGED_SHARE)
    if answer["affected"]:
        unlisted = answer["total"] - len(answer["affected"])
        title = f"All {answer['total']:,} affected by team"
        parts += _fold(title, _by_team(answer), _TEAMS_SHARE, unlisted, answer["affected"])
    rebuild = answer["rebuild"]
    if rebuild["dbt"] or rebuild["workflows"]:
        rows = [f"- <code>dbt build --select</code> {_code(' '.join(rebuild['dbt']), 4_000)}"] if rebuild["dbt"] else []
        rows += [f"- {markdown_text(kind_of(uri))} {_code(name_of(uri))}" for uri in rebuild["workflows"]]
        parts += _fold("Build again", rows, _CHANGED_SHARE // 2, rebuild["workflows_total"] - len(rebuild["workflows"]))
    if answer["unknown"]:
        reasons = {each["path"]: each for each in answer["unread"]}
        rows = []
        for path in answer["unknown"]:
            why = reasons.get(path)
            line = f":{why['line']}" if why is not None and why["line"] is not None else ""
            rows.append(f"- {_code(path)}{line}" + (f": {markdown_text(_short(why['reason'], 200))}" if why is not None else ""))
        parts += _fold(f"{count(len(rows), 'file')} mlgraph knows nothing about: not safe, unknown", rows, _UNKNOWN_SHARE)
    return parts


def _changed(each: ChangedAsset) -> str:
    doubt = ""
    if each["certainty"] != "certain":  # several assets may be meant, of one name in different places
        doubt = f" in {_code(AssetUri.parse(each['uri']).namespace)} (possible)"
    detail = markdown_text(_short(each["detail"] or "", 200))
    return f"- {_code(each['path'])} {detail}: {markdown_text(kind_of(each['uri']))} {_code(name_of(each['uri']))}{doubt}"


def _by_team(answer: ChangedFilesImpact) -> Iterable[str]:
    """Yield a line for each team and for each of its assets."""
    assets: dict[str | None, list[AffectedByFiles]] = {}
    for each in answer["affected"]:
        assets.setdefault(each["team"], []).append(each)
    for team in answer["by_team"]:
        yield f"- **{_team(team)}**: {count(team['total'], 'asset')}, worst: {_worst_of(team)}"
        for each in assets.get(team["team"], ()):
            yield f"  - {_effect(each['effect'], each['certainty'])}: {_asset(each)}"


def _fold(
    title: str, rows: Iterable[str], most_bytes: int, left_out: int = 0, counted: Sequence[object] | None = None
) -> list[str]:
    """Return a fold with as many rows as fit into `most_bytes`, and the number of those left out.

    `left_out` more are not among the rows. `counted`: only rows that begin with white space count, one for each of these.
    """
    parts = ["<details>", f"<summary>{title}</summary>", ""]
    size, shown = 0, 0
    every = list(rows)
    for row in every:
        size += len(row.encode()) + 1
        if size > most_bytes:
            break
        parts.append(row)
        shown += 1
    if counted is None:
        left_out += len(every) - shown
    else:
        left_out += len(counted) - sum(row.startswith(" ") for row in every[:shown])
    if left_out:
        parts += ["", f"{left_out:,} more left out; <code>--format json</code> lists them."]
    return [*parts, "", "</details>"]


def _link(answer: ChangedFilesImpact, server: str) -> str | None:
    """Return a link to the impact of the first changed asset, pinned to the watermark; None without a change."""
    place = urlsplit(server)
    first = next((each for each in answer["assets"] if each["change"] is not None), None)
    if first is None or place.scheme not in ("http", "https"):
        return None
    host = place.netloc.rpartition("@")[2]
    query = f"uri={quote(first['uri'], safe='')}&change={first['change']}&at_least={answer['watermark']}"
    url = quote(f"{place.scheme}://{host}{place.path.rstrip('/')}/api/v1/impact?{query}", safe=":/?=&%")
    return f"[Impact of the first change]({url})"


def _short(text: str, most: int = _NAME_CHARS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _code(text: str, most: int = 120) -> str:
    return markdown_code(_short(text, most))
