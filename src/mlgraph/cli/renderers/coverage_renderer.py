"""Renderer of coverage: a line for each aspect, then the gaps of each version with the lines that mend them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from mlgraph.cli.output import asset_text, count, kind_of, moment, name_of, plain

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.coverage_shapes import CoverageGap, DeployedCoverage


def coverage(answer: DeployedCoverage) -> RenderableType:
    """Render the counts and the gaps."""
    versions = count(answer["deployed"], "model version")
    verb = "serves" if answer["deployed"] == 1 else "serve"
    parts: list[RenderableType] = [Text(f"{versions} {verb} as of {moment(answer['as_of'])}")]
    if not answer["deployed"]:
        parts.append(Text("Nothing is deployed_as a deployment that serves a service.", "dim"))
        if not answer["total"]:
            return Group(*parts)
    for aspect, expected in answer["expected"].items():
        reaching = answer["reaching"][aspect]  # type: ignore[literal-required] # both have the same keys
        none = "none is running" if aspect == "experiment" else "none is expected"
        style = "green" if reaching == expected else "yellow"
        shown = f"{reaching:,} of {expected:,}" if expected else none
        parts.append(Text.assemble(f"  {aspect.ljust(10)}  ", (shown, style)))
    for _, listed in groupby(answer["gaps"], key=lambda gap: gap["uri"]):
        parts += _gaps(list(listed))
    if answer["partial"]:
        parts.append(Text(f"{len(answer['gaps']):,} of {answer['total']:,} gaps are listed: --limit shows more", "yellow"))
    elif not answer["gaps"]:
        parts.append(Text("No gaps.", "green"))
    return Group(*parts)


def _gaps(listed: list[CoverageGap]) -> list[RenderableType]:
    first = listed[0]
    services = ", ".join(plain(name_of(service)) for service in first["services"])
    beside = f"  serves {services}" if services else f"  {plain(first['uri'])}"  # many experiments have a variant of its name
    parts: list[RenderableType] = [Text.assemble(asset_text(kind_of(first["uri"]), first["name"]), (beside, "dim"))]
    for gap in listed:
        parts.append(Text.assemble("  ", (f"no {gap['missing']}", "yellow"), f": {plain(gap['reason'])}"))
        parts.append(Text(f"    {plain(gap['fix'])}"))
    return parts
