"""Loading of mlgraph.yaml: the configuration, and for every invalid document faults with line, column and advice."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from mlgraph.bootstrap.configuration import credentials_at, load
from mlgraph.bootstrap.configuration.loading import MAX_BYTES
from mlgraph.domain.configuration import Configuration, RequestLimits, Schedule, SecretPlace
from mlgraph.domain.errors import ConfigurationError
from mlgraph.domain.timestamps import parse_time
from tests.bootstrap.wrong_configurations import PLANTED, SOURCE, WRONG, A, B

ROOT: Final = Path(__file__).parents[2]
ENVIRON: Final = {"MLFLOW_TOKEN": PLANTED, "EMPTY": "", "LINES": "two\nlines"}


def written(folder: Path, text: str) -> Path:
    path = folder / "mlgraph.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str) -> Configuration:
    return load(written(folder, text), ("mlflow",), ENVIRON, ("mlflow",))


def faults(folder: Path, text: str) -> list[str]:
    """The faults of a text, without the file's name in front."""
    path = written(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, ("mlflow",), ENVIRON, ("mlflow",))
    assert PLANTED not in caught.value.detail
    lines = caught.value.detail.split("\n")
    if len(lines) > 1:
        assert lines.pop(0) == f"{path} has {len(lines)} faults"
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_the_example_of_the_documentation_is_valid(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "configuration.md").read_text(), re.DOTALL)
    for name in ("secrets/mlflow", "rules/b.yaml", "rules/a.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(PLANTED + "\n")
        (tmp_path / name).chmod(0o600)
    found = loaded(tmp_path, example)
    prod, research = found.sources
    assert (prod.name, prod.kind, prod.url) == ("prod", "mlflow", "http://mlflow.internal:5000")
    assert (prod.environment, prod.scope, prod.credentials) == ("production", "prod", SecretPlace(env="MLFLOW_TOKEN"))
    assert (prod.schedule, prod.limits) == (Schedule(30, 6 * 3600, 7 * 86_400), RequestLimits(20, 4, 10))
    assert (research.place, research.registry) == ("snowflake://acme-eu", "mlflow:prod")
    assert (research.scope, research.schedule, research.limits) == ("lab", Schedule(), RequestLimits())
    assert research.credentials == SecretPlace(file=tmp_path / "secrets/mlflow", user="reader")
    assert credentials_at(research.credentials, {}).secret == PLANTED
    [alias] = found.aliases
    assert (alias.name.name, alias.of.name) == ("shop.public.orders_v2", "shop.public.orders")
    assert (alias.valid_from, alias.valid_to) == (parse_time("2026-01-01T00:00:00Z"), parse_time("2026-06-01T00:00:00Z"))
    assert [asset.name for asset in found.apart[0].assets] == ["ratings.csv", "ratings"]
    assert found.rules == (tmp_path / "rules/a.yaml", tmp_path / "rules/b.yaml")
    [noise] = found.noise
    assert (noise.name, noise.kind) == ("staging tables", "dataset")
    assert noise.match is not None
    assert noise.match.fullmatch("shop.staging.orders")
    assert PLANTED not in repr(found)


def test_the_errors_of_the_documentation_are_the_real_ones(tmp_path: Path) -> None:
    [shown] = re.findall(r"```\nError: (.*?)```", (ROOT / "docs" / "configuration.md").read_text(), re.DOTALL)
    text = "sources:\n  - name: prod\n    kind: mlflow\n    urll: x\n    url: http://x\n\n    schedule: {poll: 30}\n"
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, ("mlflow",), {})
    reported = caught.value.detail.replace(str(path), "mlgraph.yaml")
    assert reported.splitlines() == shown.splitlines()


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "sources:\n", "---\n", "\ufeff", "sources: []\naliases: ~\nrules:\nnoise:\n"]
)
def test_an_empty_document_configures_nothing(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == Configuration()
    assert load(None, (), {}) == Configuration()


def test_texts_are_taken_as_written(tmp_path: Path) -> None:
    [source] = loaded(tmp_path, f"{SOURCE.replace('prod', '7')}, environment: no, scope: 0x1F}}\n").sources
    assert (source.name, source.environment, source.scope) == ("7", "no", "0x1F")


@pytest.mark.parametrize("case", WRONG)
def test_faults_are_reported_by_line_and_column(tmp_path: Path, case: str) -> None:
    text, expected = WRONG[case]
    (tmp_path / "open").write_text(PLANTED)
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "binary").chmod(0o600)
    found = faults(tmp_path, text)
    assert len(found) == len(expected), found
    for reported, wanted in zip(found, expected, strict=True):
        assert reported.startswith(wanted), found


def test_a_name_may_be_an_alias_of_several_assets_one_after_another(tmp_path: Path) -> None:
    text = f"""
        aliases:
          - {{name: '{A}', of: '{B}', until: '2026-01-01T00:00:00Z'}}
          - {{name: '{A}', of: '{B}c', from: '2026-01-01T00:00:00Z'}}
    """
    assert len(loaded(tmp_path, dedent(text)).aliases) == 2


def test_an_unreadable_file_is_reported_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone: the configuration cannot be read \(No such file"):
        load(tmp_path / "gone", (), {})
    path = tmp_path / "mlgraph.yaml"
    path.write_bytes(b"sources:\n  - \xff\n")
    with pytest.raises(ConfigurationError, match=r"mlgraph.yaml:2:5: this byte is not UTF-8"):
        load(path, (), {})
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigurationError, match=r"over 1 MiB"):
        load(path, (), {})


def test_many_faults_are_cut_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "noise:\n" + "  - a\n" * 150)
    with pytest.raises(ConfigurationError) as caught:
        load(path, (), {})
    lines = caught.value.detail.splitlines()
    assert (lines[0], lines[-1], len(lines)) == (f"{path} has 150 faults", f"{path}: and 50 more", 102)
