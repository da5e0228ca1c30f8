"""Choice of the cache directory for compiled kernels: one for each digest of the sources, in a writable place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlgraph.cli import kernel_cache
from mlgraph.domain.errors import StartError

VARIABLE = kernel_cache.VARIABLE


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")  # so that monkeypatch restores the variable
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "lib" / "site-packages" / "mlgraph"
    (folder / "graph").mkdir(parents=True)
    (folder / "graph" / "walk.py").write_text("STEP = 1\n")
    return folder


def chosen(data: Path, package: Path) -> Path:
    os.environ[VARIABLE] = ""
    kernel_cache.choose(data, package)
    return Path(os.environ[VARIABLE])


def test_an_installed_package_is_cached_for_its_user_alone(package: Path, tmp_path: Path) -> None:
    found = chosen(tmp_path / "data", package)
    assert found.parent == tmp_path / "cache" / "mlgraph"
    assert found.stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "data").exists()
    assert chosen(tmp_path / "data", package) == found


def test_changed_sources_have_a_cache_of_their_own(package: Path, tmp_path: Path) -> None:
    before = chosen(tmp_path, package)
    (package / "graph" / "walk.py").write_text("STEP = 2\n")
    changed = chosen(tmp_path, package)
    (package / "graph" / "walk.py").rename(package / "graph" / "steps.py")
    assert len({before, changed, chosen(tmp_path, package)}) == 3


def test_the_data_directory_serves_where_the_user_has_no_cache(package: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    assert chosen(tmp_path / "data", package).parent == tmp_path / "data"


def test_a_start_without_a_writable_directory_is_refused(package: Path, tmp_path: Path) -> None:
    for name in ("cache", "data"):
        (tmp_path / name).write_text("")
    with pytest.raises(StartError, match="NUMBA_CACHE_DIR"):
        chosen(tmp_path / "data", package)


def test_a_directory_in_the_environment_is_not_changed(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/somewhere")
    kernel_cache.choose(tmp_path / "data", package)
    assert os.environ[VARIABLE] == "/somewhere"


def test_a_checkout_caches_beside_its_sources(tmp_path: Path) -> None:
    kernel_cache.choose(tmp_path / "data")
    assert not os.environ[VARIABLE]
    assert not (tmp_path / "cache").exists()


def test_matrix_products_use_one_thread_unless_the_environment_sets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    kernel_cache.calculate_in_one_thread()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    kernel_cache.calculate_in_one_thread()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "4"
