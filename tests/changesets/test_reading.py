"""Readers of the other formats: dbt with Jinja, properties, Feast, Airflow, Avro, JSON Schema, Protobuf, manifests."""

import json
import time

import pytest

from mlgraph.changesets.definitions import DefinitionChange, FileChange, Target
from mlgraph.changesets.reading import read_changes

Found = list[tuple[str, str, str | None]]


def read(path: str, before: str | None, after: str | None, previous: str | None = None) -> list[DefinitionChange]:
    changes = read_changes([FileChange(path, before, after, previous)])
    assert changes.unreadable == []
    return changes.changes


def found(path: str, before: str | None, after: str | None, previous: str | None = None) -> Found:
    return [(each.target.name, each.change, each.column) for each in read(path, before, after, previous)]


def reason(path: str, text: str) -> tuple[int | None, str]:
    (fault,) = read_changes([FileChange(path, "select 1 as a" if path.endswith(".sql") else None, text)]).unreadable
    return fault.line, fault.reason


MODEL = """{{ config(materialized='incremental', alias='orders', schema='marts') }}
{# a comment with {{ ref('nothing') }} #}
{% set methods = ['card', 'cash'] %}
with raw as (select * from {{ source('shop', 'raw_orders') }}),
users as (select * from {{ ref('crm', 'users') }})
select raw.id, {{ cents('amount') }} as amount, users.name
from raw join users on raw.user_id = users.id
{% if is_incremental() %} where raw.at > (select max(at) from {{ this }}) {% else %} where nonsense here ( {% endif %}
"""


def test_a_model_with_jinja_needs_no_dbt() -> None:
    assert found("models/a.sql", MODEL, MODEL.replace("'card', 'cash'", "'card'")) == []
    changed = read("models/a.sql", MODEL, MODEL.replace(", users.name", ""))
    assert [(each.target, each.column) for each in changed] == [(Target("dataset", "orders", "marts"), "name")]
    assert found("models/a.sql", MODEL, MODEL.replace("cents('amount')", "cents('total')")) == [("orders", "values", "amount")]
    assert found("models/a.sql", MODEL, MODEL.replace("ref('crm', 'users')", "ref('crm', 'people')")) == [
        ("orders", "values", None)
    ]


def test_names_of_models() -> None:
    text = "select a from {{ ref('x') }}"
    assert found("models/staging/stg_orders.sql", text, None) == [("stg_orders", "retire", None)]
    assert found("models/b/stg_orders.sql", text, text, "models/a/stg_orders.sql") == [], "only the folder changed"
    (moved,) = read("models/orders2.sql", text, text, "models/orders.sql")
    assert (moved.target.name, moved.change, moved.renamed_to) == ("orders", "retire", "orders2")
    assert found("models/orders2.sql", text, "{{ config(alias='orders') }}" + text, "models/orders.sql") == []
    snapshot = "{% snapshot orders_history %} select a, b from {{ ref('x') }} {% endsnapshot %}"
    assert found("snapshots/s.sql", snapshot, snapshot.replace(", b", "")) == [("orders_history", "schema", "b")]
    changes = read_changes(
        [FileChange("models/orders.sql", text, "select b as a from t"), FileChange("models/gone.sql", text, None)]
    )
    assert changes.selectors == {"models/orders.sql": "orders", "models/gone.sql": "gone"}


def test_columns_of_loops_and_macros_are_unknown() -> None:
    loop = "select id, {% for m in ms %} sum({{ m }}) as {{ m }}_total, {% endfor %} at from t"
    (dropped,) = read(
        "models/a.sql", loop, loop.replace(", at", "").replace("{% endfor %} at", "{% endfor %}").replace(" at from", " from")
    )
    assert (dropped.column, dropped.certain) == ("at", False), "the loop may generate it"
    star = "select {{ dbt_utils.star(ref('x')) }} from {{ ref('x') }}"
    assert found("models/a.sql", star, star + " -- x") == []


FAULTS = {
    "open tag": ("models/a.sql", "select\n{{ ref('x'", 2),
    "open block": ("models/a.sql", "select 1 as a\n{% if x %}", 2),
    "macros": ("macros/a.sql", "{% macro m() %} select 1 {% endmacro %}", None),
    "no query": ("models/a.sql", "{{ config(alias='x') }} drop table x", None),
    "yaml": ("models/schema.yml", "models:\n  - name: [a\n", 3),
    "anchor": ("k8s/a.yaml", "apiVersion: v1\nkind: &a Service\n", 2),
    "template": ("chart/a.yaml", "apiVersion: v1\n{{ include 'x' }}\n", 2),
    "second document": ("k8s/a.yaml", "a: 1\n---\nb: [\n", 4),
    "python": ("features.py", "x = 1\ndef (:\n", 2),
    "json": ("a.avsc", '{"type":\n "record",,', 2),
    "avro": ("a.avsc", '{"type": "record", "name": "a", "fields": [{"type": "int"}]}', None),
    "protobuf": ("a.proto", 'syntax = "proto3";\nmessage A { int32 a; }', 2),
    "cut protobuf": ("a.proto", "message A {\n int32 a = 1;", 2),
    "a page": ("README.md", "# about", None),
    "plain python": ("tool.py", "print(1)", None),
    "plain yaml": ("ci.yml", "on: push", None),
    "rollback": ("migrations/1.down.sql", "alter table a drop column b", None),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_read_names_the_line(name: str) -> None:
    path, text, line = FAULTS[name]
    assert reason(path, text)[0] == line
    assert reason(path, text)[1]


PROPERTIES = """models:
  - name: orders
    description: All orders.
    config: {contract: {enforced: %s}}
    columns:
      - {name: id, data_type: int, description: The id., tests: [unique]}
      - {name: total, data_type: numeric}
sources:
  - name: shop
    tables:
      - {name: raw, identifier: raw_orders, columns: [{name: a}, {name: b}]}
"""


def test_properties_of_models() -> None:
    enforced, free = PROPERTIES % "true", PROPERTIES % "false"
    assert (
        found(
            "models/schema.yml", enforced, enforced.replace("All orders", "Every order").replace("tests: [unique]", "tests: []")
        )
        == []
    )
    without = "      - {name: total, data_type: numeric}\n"
    for text, certain in ((enforced, True), (free, False)):
        (dropped,) = read("models/schema.yml", text, text.replace(without, ""))
        assert (dropped.target.name, dropped.column, dropped.certain) == ("orders", "total", certain)
    assert found("models/schema.yml", enforced, enforced.replace("numeric", "bigint")) == [("orders", "schema", "total")]
    (source,) = read("models/schema.yml", enforced, enforced.replace(", {name: b}", ""))
    assert (source.target.names[0], source.column, source.certain) == ("shop.raw_orders", "b", False)
    assert found("models/schema.yml", enforced, None) == [], "a model without properties is still there"


def test_seeds() -> None:
    seed = "code,name,rate\nde,Germany,1\n"
    assert found("seeds/countries.csv", seed, seed.replace(",rate", "").replace(",1", "")) == [
        ("countries", "schema", "rate"),
        ("countries", "values", None),
    ]


FEAST = """
from feast import Entity, FeatureService, FeatureView, Field, FileSource
from feast.types import Float32, Int64
driver = Entity(name="driver", join_keys=["driver_id"])
source = FileSource(name="stats", path="s3://lake/driver_stats.parquet")
NAME = "driver_stats"
driver_stats = FeatureView(
    name=NAME,
    entities=[driver],
    schema=[Field(name="trips", dtype=Int64), Field(name="rating", dtype=Float32)],
    source=source,
)
service = FeatureService(name="eta", features=[driver_stats[["rating"]]])
raise SystemExit("it is never executed")
"""


def test_feature_definitions_are_parsed_and_never_executed() -> None:
    assert found("features.py", FEAST, FEAST.replace("never executed", "still never")) == []
    assert found("features.py", FEAST, FEAST.replace(', Field(name="rating", dtype=Float32)', "")) == [
        ("driver_stats", "schema", "rating")
    ]
    assert found("features.py", FEAST, FEAST.replace('trips", dtype=Int64', 'trips", dtype=Float32')) == [
        ("driver_stats", "schema", "trips")
    ]
    assert found("features.py", FEAST, FEAST.replace("s3://lake/driver_stats", "s3://lake/v2")) == [
        ("driver_stats", "values", None)
    ]
    assert found("features.py", FEAST, FEAST.replace('[["rating"]]', '[["trips"]]')) == [("eta", "values", None)]
    gone = found("features.py", FEAST, FEAST[: FEAST.index("service =")])
    assert gone == [("eta", "retire", None)]
    fields = '[Field(name="x", dtype=Int64), Field(name="y", dtype=Int64)]'
    on_demand = f"@on_demand_feature_view(sources=[a], schema={fields})\ndef ratio(df):\n    return df"
    assert found("f.py", on_demand, on_demand.replace(', Field(name="y", dtype=Int64)', "")) == [("ratio", "schema", "y")]
    assert found("f.py", on_demand, on_demand.replace("return df", "return 2 * df")) == [("ratio", "values", None)]


def test_dags() -> None:
    dag = 'from airflow import DAG\nwith DAG("etl", schedule="@daily") as d:\n'
    dag += '    BashOperator(task_id="load", bash_command="load")\n'
    changed = read("dags/etl.py", dag, dag.replace('command="load"', 'command="load --all"'))
    assert {(each.target.name, each.change, each.certain) for each in changed} == {
        ("etl", "values", False),
        ("etl.load", "values", False),
    }
    assert {each[:2] for each in found("dags/etl.py", dag, None)} == {("etl", "retire"), ("etl.load", "retire")}
    decorated = (
        "from airflow.sdk import dag, task\n@dag(schedule=None)\ndef flow():\n    @task\n    def one():\n        return 1\n"
    )
    assert {each[:2] for each in found("dags/f.py", decorated, None)} == {("flow", "retire"), ("flow.one", "retire")}


def avro(*fields: dict[str, object]) -> str:
    return json.dumps({"type": "record", "name": "Rating", "namespace": "acme.events", "fields": fields})


def test_avro() -> None:
    inner = {"type": "record", "name": "Member", "fields": [{"name": "id", "type": "long"}, {"name": "age", "type": "int"}]}
    before = avro({"name": "title", "type": "string"}, {"name": "member", "type": ["null", inner]})
    smaller = {**inner, "fields": inner["fields"][:1]}
    (dropped,) = read(
        "schemas/rating.avsc", before, avro({"name": "title", "type": "string"}, {"name": "member", "type": ["null", smaller]})
    )
    assert (dropped.target.names, dropped.column) == (("acme.events.Rating", "Rating", "rating"), "member.age")
    renamed = avro({"name": "film", "aliases": ["title"], "type": "string"}, {"name": "member", "type": ["null", inner]})
    assert [(each.column, each.renamed_to) for each in read("r.avsc", before, renamed)] == [("title", "film")]
    assert found("r.avsc", before, before.replace('"string"', '"bytes"')) == [("Rating", "schema", "title")]


def test_json_schema() -> None:
    schema = {
        "$schema": "x",
        "title": "rating",
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "object", "properties": {"c": {"type": "string"}}}},
    }
    other = json.loads(json.dumps(schema))
    del other["properties"]["b"]["properties"]["c"]
    assert found("r.json", json.dumps(schema), json.dumps(other)) == [("rating", "schema", "b.c")]
    other["properties"]["a"]["description"] = "an a"
    other["properties"]["b"] = schema["properties"]["b"]  # type: ignore[index]
    assert found("r.json", json.dumps(schema), json.dumps(other)) == []


PROTO = """
syntax = "proto3"; // v1
package acme.events;
import "google/protobuf/timestamp.proto";
option java_package = "a.b";
message Rating {
  int64 member = 1 [deprecated = true, (acme.opt) = { a: "}" }];
  repeated string titles = 2;
  map<string, int32> counts = 3;
  oneof value { double stars = 4; bool liked = 5; }
  enum Kind { UNKNOWN = 0; }
  message Device { string os = 1; }
  reserved 7, 8;
}
service Ratings { rpc Get (Rating) returns (Rating) { option deadline = 5; } }
"""


def test_protobuf() -> None:
    assert found("r.proto", PROTO, PROTO.replace("// v1", "/* v2 */")) == []
    assert found("r.proto", PROTO, PROTO.replace("bool liked = 5;", "")) == [("Rating", "schema", "liked")]
    assert found("r.proto", PROTO, PROTO.replace("repeated string", "string")) == [("Rating", "schema", "titles")]
    assert found("r.proto", PROTO, PROTO.replace("string os = 1;", "")) == [("Rating.Device", "schema", "os")]
    (renamed,) = read("r.proto", PROTO, PROTO.replace("int64 member", "int64 user"))
    assert (renamed.target.names[0], renamed.column, renamed.renamed_to) == ("acme.events.Rating", "member", "user")


def test_manifests() -> None:
    own = "apiVersion: mlgraph/v1\nkind: Service\nmetadata: {name: ranker, namespace: shop}\nspec: {version: 3}\n"
    (changed,) = read("a.yaml", own, own.replace("3", "4"))
    assert (changed.target.uri, changed.change, changed.certain) == ("mlg://service/shop/ranker", "values", False)
    assert [each.change for each in read("a.yaml", own, None)] == ["retire"]
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ranker}\nspec: {replicas: 1}\n"
    other = f"{deployment}---\napiVersion: v1\nkind: Service\nmetadata:\n  name: ranker\n"
    assert found("k.yaml", other, other.replace("1}", "2}")) == [("ranker", "values", None)]
    (gone,) = read("k.yaml", other, other[: other.index("---")])
    assert (gone.target.kind, gone.change) == ("service", "retire")


@pytest.mark.parametrize("piece", ["{{", "{% if x %}", "{{ x }}", "/*", "'", "`", "{#", "- ", "[", "--"])
@pytest.mark.parametrize("path", ["models/a.sql", "models/schema.yml"])
def test_repeated_pieces_take_linear_time(path: str, piece: str) -> None:
    started_at = time.process_time()
    reason(path, piece * (120_000 // len(piece)))
    assert time.process_time() - started_at < 20


@pytest.mark.parametrize("path", ["models/a.sql", "models/schema.yml", "features.py", "a.avsc", "a.proto", "k.yaml"])
def test_every_beginning_of_a_file_is_read_or_reported(path: str) -> None:
    text = {"models/a.sql": MODEL, "models/schema.yml": PROPERTIES % "true", "features.py": FEAST, "a.proto": PROTO}.get(
        path, avro({"name": "a", "type": "int"}) if path == "a.avsc" else "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
    )
    for end in range(0, len(text), 7):
        changes = read_changes([FileChange(path, text, text[:end])])
        assert changes.changes or changes.unreadable or changes.targets[path], "nothing is lost silently"
        if changes.unreadable:
            assert changes.changes == []
