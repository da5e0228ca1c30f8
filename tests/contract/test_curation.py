"""What people write about assets and how much assets are used, over HTTP and the command line (docs/spec.md#13-curation)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from mlgraph.cli.main import app
from tests.contract.producing import at
from tests.contract.serving import Api, Json, Names, Process, asset, edge, retract


def patch(api: Api, uri: str, change: Any, **headers: str) -> httpx.Response:
    content = change if isinstance(change, bytes) else json.dumps(change).encode()
    response = api.http.patch("/api/v1/asset", params={"uri": uri}, content=content, headers=headers)
    if response.status_code == 200:
        api.written = max(api.written, response.json()["watermark"])
    return response


def written(api: Api, uri: str, **change: Any) -> Json:
    response = patch(api, uri, change)
    assert response.status_code == 200, response.text
    body: Json = response.json()
    return body


@pytest.fixture
def table(api: Api, names: Names) -> str:
    uri = names.dataset("t")
    api.taken(asset(uri, at(1), origin="dbt", description="of dbt", tags=["raw"], owners=[names.of("team", "dbt")]))
    return uri


def test_a_change_is_answered_with_the_asset_and_its_entity_tag(api: Api, names: Names, table: str) -> None:
    before = api.get("asset", uri=table)
    response = patch(api, table, {"description": "of people", "tags": {"add": ["gold"]}})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    body = response.json()
    assert (body["description"], body["tags"], body["changed"]) == ("of people", ["gold", "raw"], ["description", "tags"])
    after = api.get("asset", uri=table)
    assert after.headers["etag"] == response.headers["etag"] == f'"{body["etag"]}"' != before.headers["etag"]
    assert body["fields"]["description"]["others"][0]["value"] == "of dbt"
    api.taken(asset(table, at(3), origin="dbt", description="synced"))
    assert api.get("asset", uri=table).headers["etag"] == after.headers["etag"]
    assert api.ask("asset", uri=table)["description"] == "of people"
    assert written(api, table, description=None)["description"] == "synced"
    assert api.ask("asset", uri=table, as_of=at(2))["description"] == "of dbt"
    by_path = api.http.get(f"/api/v1/assets/{httpx.QueryParams({'u': table}).__str__()[2:]}")
    assert by_path.headers["etag"].startswith('"')
    assert names.space in body["uri"]


def test_a_stale_entity_tag_is_412_and_changes_nothing(api: Api, table: str) -> None:
    read = api.get("asset", uri=table).headers["etag"]
    assert patch(api, table, {"deprecated": True}, **{"if-match": read}).status_code == 200
    for stale in (read, '"x"', f"W/{api.get('asset', uri=table).headers['etag']}", ""):
        refused = patch(api, table, {"deprecated": False}, **{"if-match": stale})
        assert (refused.status_code, refused.headers["content-type"]) == (412, "application/problem+json")
    assert api.ask("asset", uri=table)["deprecated"] is True
    now = api.get("asset", uri=table).headers["etag"]
    assert patch(api, table, {"deprecated": None}, **{"if-match": f'"x", {now}'}).status_code == 200
    assert patch(api, table, {"deprecated": None}, **{"if-match": "*"}).json()["changed"] == []


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        (b"{", 400, None),
        (b"", 400, None),
        (b"[]", 422, ""),
        ({}, 422, ""),
        ({"name": "n"}, 422, "/name"),
        ({"owners": ["nobody"]}, 422, "/owners/0"),
        ({"links": ["javascript:alert(1)"]}, 422, "/links/0"),
        ({"tags": {"add": [3]}}, 422, "/tags/add/0"),
        ({"deprecated": "no"}, 422, "/deprecated"),
        ({"successor": "mlg://dataset/n/not-known"}, 422, "/successor"),
        ({"description": "d" * 20_001}, 422, "/description"),
    ],
)
def test_what_cannot_be_written_is_refused(api: Api, table: str, change: Any, status: int, pointer: str | None) -> None:
    refused = patch(api, table, change)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json().get("pointer") == pointer
    assert "curation" not in api.ask("asset", uri=table)["origins"]


def test_unknown_assets_and_parameters(api: Api, names: Names, table: str) -> None:
    assert patch(api, names.dataset("unknown"), {"description": "d"}).status_code == 404
    assert patch(api, "table", {"description": "d"}).status_code == 422
    assert api.http.patch("/api/v1/asset", params={"uri": table, "x": "1"}, content=b'{"description": "d"}').status_code == 422
    assert api.http.patch("/api/v1/asset", content=b'{"description": "d"}').status_code == 422
    assert patch(api, table, {"description": "d"}, origin="https://evil.example").status_code == 403


def test_a_dropped_table_is_deleted_although_somebody_described_it(api: Api, names: Names, table: str) -> None:
    new = names.dataset("new")
    api.taken(asset(new, at(1)), edge(table, "derives", new, at(2), origin="dbt"))
    written(api, table, description="d", successor=new)
    api.taken(retract(table, at=at(5), origin="dbt"))
    gone = api.ask("asset", uri=table)
    assert (gone["deleted_at"], gone["description"], gone["successor"]) == (at(5), "d", new)
    assert api.edges(table) == set()
    assert patch(api, new, {"successor": table}).status_code == 422


def test_owners_of_people_are_notified(api: Api, names: Names, table: str) -> None:
    job, people = names.workflow(), names.of("team", "people")
    api.taken(edge(table, "input_to", job, at(1)), asset(job, at(1), owners=[names.of("team", "dbt")]))
    written(api, job, owners=[people])
    assert [each["owner"] for each in api.ask("impact", uri=table)["notify"]] == [people]
    assert [line for line in api.export().splitlines() if json.loads(line).get("asset", {}).get("origin") == "curation"]


def test_sources_and_strangers_do_not_write_as_people(start: Callable[..., Process], tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    callers = [
        {"token": "ann", "actor": "ann"},
        {"token": "bot", "actor": "bot", "source": "dbt"},
        {"token": "root", "actor": "root", "admin": True},
    ]
    tokens.write_text(json.dumps(callers))
    tokens.chmod(0o600)
    url = start("--data", str(tmp_path / "data"), "--tokens", str(tokens)).url
    ann, bot, root, anonymous = (Api(url, token) for token in ("ann", "bot", "root", None))
    line = asset("mlg://dataset/n/t", at(1), origin="curation", description="imported")
    for caller in (ann, bot, anonymous):
        refused = caller.facts([line])["rejected"]
        assert [each["pointer"] for each in refused] == ["/asset/origin"]
    refused_event = ann.cloudevents(
        {"specversion": "1.0", "id": "1", "source": "s", "type": "io.mlgraph.fact", "data": line}
    ).json()["rejected"]
    assert [each["pointer"] for each in refused_event] == ["/data/asset/origin"]
    root.taken(line, asset("mlg://dataset/n/t", at(1), origin="dbt"))
    ann.written = root.written
    assert ann.ask("asset", uri="mlg://dataset/n/t")["description"] == "imported"
    assert patch(bot, "mlg://dataset/n/t", {"description": "d"}).status_code == 403
    assert patch(ann, "mlg://dataset/n/t", {"description": "d"}).json()["fields"]["description"]["actor"] == "ann"
    for caller in (ann, bot, root, anonymous):
        caller.close()


def test_the_command_prints_what_it_wrote_and_how_to_undo_it(api: Api, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLGRAPH_URL", api.url)

    def annotate(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["annotate", table, *options])
        return result.exit_code, result.output

    code, output = annotate("--description", "of\x1b[31m people", "--tag", "gold", "--untag", "raw", "--deprecated")
    assert code == 0
    assert "\x1b" not in output
    for part in ("gold", "removed raw", f"mlgraph annotate {table} --undo description --undo tags --undo deprecated"):
        assert part in output
    assert annotate("--tag", "gold")[1].splitlines()[-1].startswith("unchanged")
    assert "of dbt" in annotate("--undo", "description")[1]
    for wrong in ((), ("--undo", "name"), ("--undo", "description", "--description", "d"), ("--link", "ftp://a")):
        assert annotate(*wrong)[0] == 2
    shown = CliRunner().invoke(app, ["show", table]).output
    assert "deprecated: do not use it in new work" in shown
    assert "dbt says raw" in shown


def test_usage_is_stored_at_the_end_and_backed_up(start: Callable[..., Process], tmp_path: Path) -> None:
    data, names = tmp_path / "data", Names("counted")
    table = names.dataset("t")
    process = start("--data", str(data))
    api = Api(process.url)
    api.taken(asset(table, at(1)))
    for _ in range(5):
        api.ask("asset", uri=table)
    api.lineage(table)
    api.close()
    assert process.stop() == 0
    again = Api(start("--data", str(data)).url)
    assert again.ask("asset", uri=table)["usage"]["reads"] == {"runs_30d": 0, "requests_30d": 6}
    archive = again.http.get("/api/v1/backup").content
    assert b"usage" not in again.export()
    again.close()
    other = Api(start("--data", str(tmp_path / "other")).url)
    assert other.http.post("/api/v1/restore", content=archive).status_code == 200
    assert other.ask("asset", uri=table)["usage"]["reads"]["requests_30d"] >= 6
    other.close()
