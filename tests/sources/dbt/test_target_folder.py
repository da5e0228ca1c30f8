import json
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors.dbt import normalise
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact
from mlgraph.ports.folder_reader import FolderSettings
from mlgraph.sources.dbt.profiles import place_of
from mlgraph.sources.dbt.target_folder import TargetFolder
from tests.connectors.dbt.test_dbt import recorded


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the recorded artifacts, and the arguments that the recording leaves out."""
    target = tmp_path / "target"
    target.mkdir()
    payload = recorded()
    payload["run_results"]["args"] |= {"project_dir": "/srv/shop", "vars": {"password": "hunter2"}}
    for name in ("manifest", "catalog", "run_results"):
        (target / f"{name}.json").write_text(json.dumps(payload[name]))
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    return tmp_path


def profiles(folder: Path, output: str, more: str = "") -> Path:
    lines = "".join(f"      {line.strip()}\n" for line in output.split(";"))
    (folder / "profiles.yml").write_text(f"shop:\n  target: prod\n  outputs:\n    prod:\n{lines}{more}")
    return folder


def test_the_artifacts_of_a_project_are_one_payload(project: Path) -> None:
    for folder in (project, project / "target"):
        content = TargetFolder().read(folder, FolderSettings(place="snowflake://o-a"))
        assert content.notes == ()
        assert {"manifest", "catalog", "run_results"} <= content.payload.keys()
        assert (content.payload["place"], content.payload["directory"]) == ("snowflake://o-a", "/srv/shop")
        assert "hunter2" not in json.dumps(content.payload)
        assert content.subject in {each.uri for each in normalise(content.payload) if isinstance(each, AssetFact)}


def test_the_scope_of_the_token_is_in_the_name_of_the_project(project: Path) -> None:
    assert TargetFolder().read(project, FolderSettings(scope="prod")).subject.namespace == "prod:dbt:shop"


def test_what_is_missing_is_reported(project: Path) -> None:
    (project / "target" / "catalog.json").unlink()
    notes = " ".join(TargetFolder().read(project, FolderSettings()).notes)
    assert "--place or --profiles" in notes
    assert "catalog.json" in notes
    assert "run_results.json" not in notes


def test_the_assets_of_the_manifest_before_are_found_in_the_state_of_the_project() -> None:
    state = {"properties": {"dbt": {"assets": ["mlg://dataset/a/b"]}}}
    assert TargetFolder().former(state) == {"assets": ["mlg://dataset/a/b"]}
    assert TargetFolder().former({"properties": {"facets": {}}}) is None


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("manifest.json", '{"metadata": {"dbt', "not JSON: .* line 1"),
        ("manifest.json", "[]", "no artifact of dbt"),
        ("manifest.json", '{"metadata": {}}', "names no project"),
        ("run_results.json", "\xff", "manifest|not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(project: Path, file: str, text: str, fault: str) -> None:
    (project / "target" / file).write_text(text)
    with pytest.raises(InvalidInput, match=fault) as refused:
        TargetFolder().read(project, FolderSettings())
    assert file in refused.value.detail


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="run dbt build"):
        TargetFolder().read(tmp_path, FolderSettings())


@pytest.mark.parametrize(
    ("output", "place"),
    [
        ("type: duckdb; path: shop.duckdb", "duckdb://shop.duckdb"),
        ("type: duckdb; path: \"{{ env_var('SHOP', '/srv/shop.duckdb') }}\"", "duckdb:///srv/shop.duckdb"),
        ("type: postgres; host: db; port: 5433; password: hunter2", "postgres://db:5433"),
        ("type: postgres; host: db; password: \"{{ env_var('UNSET') }}\"", "postgres://db:5432"),
        ("type: snowflake; account: org-acct", "snowflake://org-acct"),
        ("type: bigquery; project: p", "bigquery"),
        ("type: databricks; host: h.cloud", "databricks://h.cloud"),
        ("type: sqlserver; server: s", "mssql://s:1433"),
    ],
)
def test_a_profile_has_the_place_and_its_password_is_not_used(tmp_path: Path, output: str, place: str) -> None:
    assert place_of(profiles(tmp_path, output), None, None) == place


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ("type: cubedb", "adapter 'cubedb' is not known"),
        ("type: snowflake", "has no 'account'"),
        ("type: postgres; host: \"{{ env_var('UNSET_HOST') }}\"", "environment variable UNSET_HOST"),
        ('type: postgres; host: "{{ target.name }}"', "only dbt can read"),
    ],
)
def test_a_profile_that_does_not_tell_it_is_refused_with_the_way_out(tmp_path: Path, output: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault) as refused:
        place_of(profiles(tmp_path, output), None, None)
    assert "--place" in refused.value.detail


@pytest.mark.parametrize(("profile", "target"), [("other", None), ("shop", "dev")])
def test_profiles_and_outputs_that_are_not_there_are_refused(tmp_path: Path, profile: str, target: str | None) -> None:
    with pytest.raises(InvalidInput, match="has no"):
        place_of(profiles(tmp_path, "type: bigquery"), profile, target)


def test_profiles_are_read_for_the_place(project: Path, tmp_path: Path) -> None:
    found = TargetFolder().read(project, FolderSettings(profiles=profiles(tmp_path, "type: duckdb; path: shop.duckdb")))
    payload: dict[str, Any] = found.payload
    assert payload["place"] == "duckdb://shop.duckdb"
    missing = FolderSettings(profiles=tmp_path / "absent")
    with pytest.raises(InvalidInput, match="No such file"):
        TargetFolder().read(project, missing)
