"""How one team builds one topic: its asset with description, columns and lineage from raw tables, in the words of the team."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.discovery.fact_builder import FactBuilder
from benchmarks.discovery.planting.asset_names import column_name, place, short_name
from benchmarks.discovery.vocabulary import ColumnMeaning, Concept, Line, Topic

MAIN_REGION: Final = "eu"
REGION_TEXT: Final = {
    "eu": "",
    "us": " in the United States",
    "apac": " in Asia and Australia",
    "latam": " in Latin America",
    "africa": " in Africa",
    "nordics": " in the Nordic countries",
    "india": " in India",
    "japan": " in Japan",
}
TEAM_SUFFIXES: Final = (("data-science", "analytics", "ml"), ("insights", "platform", "intelligence"))
REMARKS: Final = (
    (
        "Refreshed every night.",
        "Owned by the science team; ask before you rely on it.",
        "One row per entity and day.",
        "Backfilled to 2023.",
        "Used in the weekly report.",
        "See the wiki for known gaps.",
    ),
    (
        "Updated hourly by the pipeline.",
        "Contact the platform channel with problems.",
        "Late records are corrected on the following day.",
        "History is complete since the migration.",
        "Quality is checked after each load.",
        "Do not use for accounting.",
    ),
)
_SAME_COLUMN: Final = 0.25
"""Share of columns that team 1 calls as team 0 does."""
_SAME_LINE: Final = 0.3
"""Share of assets of team 1 that have the line's word of team 0 in their name."""


_BROAD_TABLES: Final = {
    "events": "sessions clicks plays impressions searches sign_ins comments",
    "transactions": "orders invoices payments refunds bookings subscriptions repayments claims disputes",
    "items": "catalog images prices inventory suppliers competitors documents policies",
    "contacts": "emails push_messages campaigns promotions experiments auctions",
    "service_cases": "tickets transcripts surveys reviews reports agents recordings incidents",
}
"""Raw tables of lines of business that land everything in a few broad tables; what is not named here lands in `reference`."""
_BROAD: Final = {table: broad for broad, tables in _BROAD_TABLES.items() for table in tables.split()}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is varied. `how` names the way in which a copy of a topic differs; `region` has raw tables of its own.

    `broad`: the line of business has few raw tables, which most of its assets share.
    """

    side: int
    kind: str
    how: str = "first"
    region: str = MAIN_REGION
    mixed_with: Concept | None = None
    always_described: bool = False
    broad: bool = False


@dataclass(slots=True)
class Built:
    """An asset as built: its URI, short name, columns, raw tables, and what else was built for it by role."""

    uri: str
    name: str
    columns: tuple[str, ...]
    raw: tuple[str, ...]
    description: str
    namespace: str
    path: str
    owners: list[str]
    helpers: dict[str, str] = field(default_factory=dict)


def raw_table(facts: FactBuilder, line: Line, table: str, region: str) -> str:
    """Add a raw table of a line of business in a region; return its URI. All teams read the same one."""
    namespace = f"s3://lake-{line.names[0]}" + ("" if region == MAIN_REGION else f"-{region}")
    fields = [*({"name": key.names[0], "type": key.type} for key in line.keys), {"name": "event_time", "type": "timestamp"}]
    fields += [{"name": f"{table.rstrip('s')}_id", "type": "string"}, {"name": "payload", "type": "string"}]
    return facts.asset(
        "dataset",
        namespace,
        f"raw/{table}",
        name=f"raw/{table}",
        description=f"Landed {table.replace('_', ' ')}, as the source system sends them.",
        owners=[facts.team("data-landing")],
        tags=["raw"],
        properties={"schema": fields},
    )


def implement(facts: FactBuilder, rng: random.Random, topic: Topic, recipe: Recipe) -> Built:
    """Add the asset that a team builds for a topic, with everything upstream of it; return what was built."""
    side, line = recipe.side, topic.line.names[recipe.side]
    tables = list(topic.concept.inputs) if side == 0 else _other_inputs(rng, topic, recipe)
    if recipe.broad:
        tables = list(dict.fromkeys(_BROAD.get(table, "reference") for table in tables))
    raw = [raw_table(facts, topic.line, table, recipe.region) for table in tables]
    named = topic.line.names[0] if side == 1 and rng.random() < _SAME_LINE else line
    name = short_name(rng, recipe.kind, side, named, rng.choice(topic.concept.names[side]))
    if recipe.region != MAIN_REGION:
        name += f"_{recipe.region}"
    team = f"{line}-{rng.choice(TEAM_SUFFIXES[side])}"
    owners = [facts.team(team)] if rng.random() < 0.85 else []
    where = place(rng, recipe.kind, side, line)
    built = Built("", name, (), tuple(raw), _description(rng, topic, recipe), where.namespace, where.head + name, owners)
    schema = _schema(rng, topic, recipe)
    sources = raw if recipe.how != "rederived" else [_staging(facts, rng, topic, built, raw)]
    _ADDED[recipe.kind](facts, rng, topic, recipe, built, schema, sources)
    return built


def _other_inputs(rng: random.Random, topic: Topic, recipe: Recipe) -> list[str]:
    """Return the raw tables that team 1 reads: sometimes one less than team 0, sometimes one more."""
    tables = list(topic.concept.inputs)
    if len(tables) > 2 and rng.random() < 0.3:
        tables.remove(rng.choice(tables))
    if recipe.mixed_with is not None and rng.random() < (1.0 if recipe.how == "merged" else 0.3):
        more = [table for table in recipe.mixed_with.inputs if table not in tables]
        tables += rng.sample(more, min(1, len(more)))
    return tables


def _description(rng: random.Random, topic: Topic, recipe: Recipe) -> str:
    side = recipe.side
    wording = topic.worded(topic.concept.texts[0 if recipe.how in {"first", "renamed"} else 1], side)
    if recipe.how == "renamed":
        wording = topic.worded(topic.concept.texts[0], 1)
    if recipe.mixed_with is not None and recipe.how == "merged":
        wording += "; also " + Topic(recipe.mixed_with, topic.line).worded(recipe.mixed_with.texts[1], side)
    has_columns = recipe.kind in {"dataset", "feature_view"}
    if side == 1 and has_columns and not recipe.always_described and rng.random() < 0.1:
        return ""
    opening = rng.choice((("{}", "{}", "Table: {}") if recipe.kind == "dataset" else ("{}", "{}"), ("Subject: {}", "{}"))[side])
    sentence = opening.format(wording) + REGION_TEXT[recipe.region]
    remarks = rng.sample(REMARKS[side], rng.choice((0, 1, 1, 2)))
    return " ".join([sentence[:1].upper() + sentence[1:] + ".", *remarks])


def _schema(rng: random.Random, topic: Topic, recipe: Recipe) -> list[dict[str, str]]:
    meanings = list(topic.concept.columns)
    rng.shuffle(meanings)
    if recipe.how == "split":
        meanings = meanings[: max(3, round(len(meanings) * 0.6))]
    if recipe.how == "merged" and recipe.mixed_with is not None:
        meanings += recipe.mixed_with.columns[:4]
    day = ColumnMeaning(("ds", "snapshot_day"), "date")
    fields = []
    restyled = recipe.side == 1 and rng.random() < 0.5
    for meaning in (*topic.line.keys, day, *meanings):
        own = recipe.side == 1 and rng.random() >= _SAME_COLUMN
        name = column_name(meaning.names[int(own)], recipe.side, restyled=restyled and own)
        fields.append({"name": name, "type": meaning.type})
    return fields


def _staging(facts: FactBuilder, rng: random.Random, topic: Topic, built: Built, raw: list[str]) -> str:
    """Add a cleaned join of the raw tables, as an intermediate step with a general name."""
    line = topic.line.names[1]
    name = f"int_{line}_{rng.choice(('joined', 'cleaned', 'enriched', 'sessionised'))}_{rng.randrange(100, 1000)}"
    staging = facts.asset(
        "dataset", "postgres://dwh.acme.example:5432", f"staging.{line}.{name}", name=name, owners=built.owners, tags=["staging"]
    )
    facts.job(f"airflow-{line}", f"prepare_{name}", raw, [staging])
    built.helpers["staging"] = staging
    return staging


def _dataset(
    facts: FactBuilder,
    rng: random.Random,
    topic: Topic,
    recipe: Recipe,
    built: Built,
    schema: list[dict[str, str]],
    sources: list[str],
) -> None:
    built.columns = tuple(entry["name"] for entry in schema)
    built.uri = facts.asset("dataset", built.namespace, built.path, **_state(rng, topic, built, {"schema": schema}))
    if recipe.side == 0 and rng.random() < 0.3:
        for source in sources:
            facts.edge(source, "derives", built.uri)
    else:
        facts.job(f"airflow-{topic.line.names[recipe.side]}", f"build_{built.name}", sources, [built.uri])


def _table(
    facts: FactBuilder, topic: Topic, recipe: Recipe, built: Built, schema: list[dict[str, str]], sources: list[str], suffix: str
) -> str:
    """Add the table below a feature view or a model."""
    line = topic.line.names[recipe.side]
    namespace = f"s3://lake-{line}" if recipe.side == 0 else "bigquery"
    head = "training/" if recipe.side == 0 else f"acme-prod.{line}."
    table = facts.asset(
        "dataset",
        namespace,
        f"{head}{built.name}_{suffix}",
        name=f"{built.name}_{suffix}",
        owners=built.owners,
        properties={"schema": schema},
    )
    facts.job(f"airflow-{line}", f"build_{built.name}_{suffix}", sources, [table])
    built.helpers["table"] = table
    return table


def _feature_view(
    facts: FactBuilder,
    rng: random.Random,
    topic: Topic,
    recipe: Recipe,
    built: Built,
    schema: list[dict[str, str]],
    sources: list[str],
) -> None:
    keys, features = schema[:2], schema[3:]
    built.columns = tuple(entry["name"] for entry in (*keys, *features))
    properties: dict[str, Any] = {"entities": [keys[0]["name"]]}
    listed = rng.random() < 0.5
    if listed:
        properties["schema"] = [*keys, *features]
    built.uri = facts.asset("feature_view", built.namespace, built.path, **_state(rng, topic, built, properties))
    for source in [_table(facts, topic, recipe, built, schema, sources, "features")] if rng.random() < 0.5 else sources:
        facts.edge(source, "feeds", built.uri)
    for entry in [] if listed else features:
        name = entry["name"]
        feature = facts.asset(
            "feature", built.namespace, f"{built.path}:{name}", name=name, properties={"type": entry["type"]}, owners=built.owners
        )
        facts.edge(feature, "part_of", built.uri)


def _feature(
    facts: FactBuilder,
    rng: random.Random,
    topic: Topic,
    recipe: Recipe,
    built: Built,
    schema: list[dict[str, str]],
    sources: list[str],
) -> None:
    state = _state(rng, topic, built, {"type": "double", "entity": schema[0]["name"]})
    built.uri = facts.asset("feature", built.namespace, built.path, **state)
    table = _table(facts, topic, recipe, built, schema, sources, "values") if rng.random() < 0.3 else None
    for source in [table] if table else sources:
        facts.edge(source, "feeds", built.uri)


def _model(
    facts: FactBuilder,
    rng: random.Random,
    topic: Topic,
    recipe: Recipe,
    built: Built,
    schema: list[dict[str, str]],
    sources: list[str],
) -> None:
    properties: dict[str, Any] = {"task": topic.concept.metric}
    if topic.concept.embedding:
        properties["dimensions"] = rng.choice((32, 64, 128, 256))
    built.uri = facts.asset("model", built.namespace, built.path, **_state(rng, topic, built, properties))
    line = topic.line.names[recipe.side]
    inputs = [_table(facts, topic, recipe, built, schema, sources, "train")] if rng.random() < 0.5 else sources
    if "table" in built.helpers:
        built.columns = tuple(entry["name"] for entry in schema)
    for number in range(1, rng.choice((2, 3))):
        metrics = {topic.concept.metric: round(rng.uniform(0.6, 0.95), 3)}
        version = facts.asset(
            "model_version",
            built.namespace,
            f"{built.path}/{number}",
            name=f"{built.name}/{number}",
            properties={"version": str(number), "metrics": metrics},
            owners=built.owners,
        )
        facts.edge(version, "version_of", built.uri)
        facts.job(f"airflow-{line}", f"train_{built.name}", inputs, [version], role="training")
        built.helpers[f"version{number}"] = version
    if recipe.side == 0 and rng.random() < 0.4:
        serve(facts, line, built)


def serve(facts: FactBuilder, line: str, built: Built) -> None:
    """Put the first version of a model into production."""
    deployment = facts.asset("deployment", "kubernetes", f"{line}/{built.name}-main", name=f"{built.name}-main")
    service = facts.asset("service", "kubernetes", f"{line}/{built.name}-api", name=f"{built.name}-api", owners=built.owners)
    facts.edge(built.helpers["version1"], "deployed_as", deployment)
    facts.edge(deployment, "serves", service)


def _state(rng: random.Random, topic: Topic, built: Built, properties: dict[str, Any]) -> dict[str, Any]:
    tags = [tag for tag, share in (("gold", 0.2), ("pii", 0.15), (topic.line.group, 0.1)) if rng.random() < share]
    shown = built.name if rng.random() < 0.6 else built.path
    return {"name": shown, "description": built.description, "owners": built.owners, "tags": tags, "properties": properties}


_ADDED: Final = {"dataset": _dataset, "feature_view": _feature_view, "feature": _feature, "model": _model}
