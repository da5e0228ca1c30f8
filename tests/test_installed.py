"""The wheel, installed into a read-only directory without the sources, works as the README describes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests import installation
from tests.contract.serving import Process
from tests.installation import ROOT, UV, clean_environment

pytestmark = pytest.mark.timeout(900)
VERSION: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
START_LIMIT_S: Final = 400.0
_FACT: Final = {"edge": {"source": "mlg://dataset/lake/a", "relation": "derives", "target": "mlg://dataset/lake/b"}}
_WHERE_KERNELS_ARE_CACHED: Final = """
import ctypes, os, sys
# Root ignores file modes unless it drops the capability CAP_DAC_OVERRIDE (1).
if os.geteuid() == 0 and sys.argv[2:] != ["again"]:
    assert ctypes.CDLL(None, use_errno=True).prctl(24, 1, 0, 0, 0) == 0
    os.execv(sys.executable, [*sys.orig_argv, "again"])
from pathlib import Path
import mlgraph
assert not os.access(Path(mlgraph.__file__).parent, os.W_OK)
from mlgraph.cli import kernel_cache
kernel_cache.choose(Path(sys.argv[1]))
import mlgraph.bootstrap
from numba.core.dispatcher import Dispatcher
ours = [module for name, module in sys.modules.items() if name.startswith("mlgraph.")]
kernels = {value for module in ours for value in vars(module).values() if isinstance(value, Dispatcher)}
print(*{Path(kernel.stats.cache_path).parent for kernel in kernels}, sep="\\n")
"""


@dataclass
class Distributions:
    wheel: Path
    source: Path


@dataclass
class Installed:
    """A read-only environment, and the home of a user whose cache directory is read-only, too."""

    folder: Path
    home: Path

    @property
    def program(self) -> list[str]:
        return [str(self.folder / "bin" / "mlgraph")]

    @property
    def environment(self) -> dict[str, str]:
        cache = str(self.home / "cache")
        return clean_environment(HOME=str(self.home), XDG_CACHE_HOME=cache, PYTHONPATH="", PYTHONDONTWRITEBYTECODE="1")

    def files(self) -> set[Path]:
        return set(self.folder.rglob("*"))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self.program, *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=60, check=False
        )

    def serve(self, data: Path, log_format: str) -> Process:
        arguments = ("--data", str(data), "--log-format", log_format)
        return Process(*arguments, program=[*self.program], environment=self.environment, patience_s=START_LIMIT_S)


def wait_for_kernels(server: Process) -> list[dict[str, Any]]:
    """Wait until the server has logged that its kernels are compiled; return what it logged about them."""
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        records = [json.loads(line) for line in list(server.output)]
        logged = [each for each in records if each["logger"] == "mlgraph.bootstrap.kernels"]
        if logged and logged[-1]["message"].startswith("compiled"):
            return logged
        time.sleep(0.2)
    raise AssertionError(f"kernels were not compiled: {server.output}")


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    return Distributions(*installation.build(tmp_path_factory.mktemp("dist")))


@pytest.fixture(scope="module")
def installed(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    environment = Installed(tmp_path_factory.mktemp("environment") / "venv", tmp_path_factory.mktemp("home"))
    installation.install(environment.folder, "runtime.txt", distributions.wheel)
    (environment.home / "cache").write_text("a file, so that no directory can be created below it")
    locked = [path for path in (environment.folder, *environment.files()) if path.is_dir() and not path.is_symlink()]
    for folder in locked:
        folder.chmod(0o555)
    yield environment
    for folder in locked:
        folder.chmod(0o755)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_and_the_source_distribution_have_the_same_code(distributions: Distributions, tmp_path: Path) -> None:
    build = [str(UV), "build", "--quiet", "--no-build-isolation", "--python", sys.executable, "--wheel"]
    installation.run([*build, "--out-dir", str(tmp_path), str(distributions.source)])
    found = contents(distributions.wheel)
    assert contents(next(tmp_path.glob("*.whl"))) == found
    sources = {
        f"mlgraph/{file.relative_to(ROOT / 'src' / 'mlgraph').as_posix()}": file.read_bytes()
        for file in (ROOT / "src" / "mlgraph").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {name: text for name, text in found.items() if ".dist-info/" not in name} == sources
    assert "mlgraph/portal/dist/index.html" in found
    with tarfile.open(distributions.source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "Makefile", "pyproject.toml", "tests/conftest.py", "requirements/runtime.txt"} <= names


def test_builds_are_reproducible(distributions: Distributions, tmp_path: Path) -> None:
    for again, before in zip(installation.build(tmp_path / "dist"), (distributions.wheel, distributions.source), strict=True):
        assert again.name == before.name
        assert again.read_bytes() == before.read_bytes()


def test_serves_and_answers_without_the_sources(installed: Installed, tmp_path: Path) -> None:
    place = installation.run([str(installed.folder / "bin" / "python"), "-c", "import mlgraph; print(mlgraph.__file__)"])
    assert Path(place).is_relative_to(installed.folder)
    assert installed.run("--version").stdout == f"mlgraph {VERSION}\n"
    before, data, facts = installed.files(), tmp_path / "data", tmp_path / "facts.ndjson"
    facts.write_text(json.dumps(_FACT) + "\n")
    first = installed.serve(data, "json")
    sent = installed.run("--url", first.url, "ingest", str(facts), "--format", "facts")
    assert sent.returncode == 0, sent.stderr
    answer = installed.run("--url", first.url, "lineage", "mlg://dataset/lake/a", "--json")
    assert answer.returncode == 0, answer.stderr
    assert [edge["target"] for edge in json.loads(answer.stdout)["edges"]] == ["mlg://dataset/lake/b"]
    page = httpx.get(first.url, headers={"accept": "text/html"})
    loaded = [httpx.get(first.url + path) for path in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)]
    assert [each.status_code for each in (page, *loaded)] == [200] * (1 + len(loaded))
    assert len(loaded) > 2, "the portal comes with the wheel"
    logged = wait_for_kernels(first)
    assert first.stop() == 0
    assert [each["message"].split()[0] for each in logged] == ["compiling", "compiled"]
    assert logged[1]["kernels"] > 20
    assert logged[1]["seconds"] > 1

    second = installed.serve(data, "text")
    assert second.stop() == 0
    assert not [line for line in second.output if "compil" in line], "the second start loads the kernels of the first"
    assert installed.files() == before, "nothing is written to the installation"
    assert list(data.glob(f"kernels-{VERSION}-*/*/*.nbc"))


def test_kernels_of_a_read_only_installation_are_cached_in_the_data_directory(installed: Installed, tmp_path: Path) -> None:
    command = [str(installed.folder / "bin" / "python"), "-c", _WHERE_KERNELS_ARE_CACHED, str(tmp_path)]
    done = subprocess.run(command, env=installed.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [Path(line).parent for line in done.stdout.splitlines()] == [tmp_path]


def test_demo_names_the_extra_that_it_needs(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("demo", "--data", str(tmp_path / "demo"))
    assert done.returncode == 1
    assert "uv tool install 'mlgraph[demo]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "demo" / "graph").exists()
