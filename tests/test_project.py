"""Rules of the repository: pinned requirements, no skipped test in CI, one level a test, sizes of files, classes, functions."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins import levels

ROOT = Path(__file__).parents[1]
LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), ROOT / "src" / "mlgraph" / "demo" / "data.txt"]
FILE_LINES, CLASS_LINES, FUNCTION_LINES = 400, 250, 60


def unpinned(lock: str) -> Iterator[str]:
    """Requirements of a lock file without an exact version or a hash, and lines with an address."""
    for line in lock.replace("\\\n", " ").splitlines():
        requirement = bool(line) and not line.lstrip().startswith("#")
        pinned = re.search(r"==\S+.* --hash=sha256:", line)
        if (requirement and not pinned) or re.search(r"://|^\s*-|\s@\s", line):
            yield line


def oversized(source: str) -> Iterator[tuple[str, str]]:
    """Definitions of a source file that are too long, each with a message; the file itself has the name ""."""
    lines = source.count("\n")
    if lines >= FILE_LINES:
        yield "", f"{lines} lines, {FILE_LINES - 1} are allowed"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            limit = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length >= limit:
                yield node.name, f"{length} lines, {limit - 1} are allowed"


def run_pytest(directory: Path, *options: str, ci: bool = False) -> tuple[int, str]:
    env = {name: value for name, value in os.environ.items() if name not in {"CI", "PYTEST_ADDOPTS"}}
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=directory,
        env=env | ({"CI": "true"} if ci else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_requirements_are_pinned_by_hash_and_name_no_address(lock: Path) -> None:
    assert list(unpinned(lock.read_text())) == []


@pytest.mark.parametrize(
    "fault",
    [
        "--index-url https://packages.example/simple",
        "--find-links wheels",
        "numpy",
        "numpy==2.4.6",
        "numpy>=2 --hash=sha256:00",
        "numpy @ file:///wheels/numpy.whl --hash=sha256:00",
    ],
)
def test_an_unpinned_requirement_is_found(fault: str) -> None:
    good = "# via\nhttpx==0.28.1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n    # via mlgraph\n"
    assert list(unpinned(good)) == []
    assert list(unpinned(good + fault)) == [fault]


def test_files_classes_and_functions_are_small() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {name}": complaint
        for folder in ("src", "tests", "benchmarks")
        for file in (ROOT / folder).rglob("*.py")
        for name, complaint in oversized(file.read_text())
    }
    assert found == {}


def test_a_large_function_class_and_file_are_found() -> None:
    function = "def f():\n" + "    pass\n" * 59
    assert list(oversized(function)) == [("f", "60 lines, 59 are allowed")]
    assert list(oversized("class C:\n" + "    x = 1\n" * 249)) == [("C", "250 lines, 249 are allowed")]
    assert list(oversized("x = 1\n" * 400)) == [("", "400 lines, 399 are allowed")]
    assert list(oversized(function.removesuffix("    pass\n") + "class C:\n" + "    x = 1\n" * 248)) == []


SKIPS = {
    "mark": "@pytest.mark.skip(reason='planted')\ndef test_mark():\n    pass\n",
    "call": "def test_call():\n    pytest.skip('not here')\n",
    "fixture": "@pytest.fixture\ndef a():\n    pytest.skip()\ndef test_fixture(a):\n    pass\n",
    "collect": "pytest.importorskip('no_such_module')\ndef test_never():\n    pass\n",
}


PARALLEL = ("-p", "xdist.plugin", "-n", "2", "--dist", "loadfile")


def plugin(name: str, directory: Path) -> None:
    """Install one of this suite's plugins into a directory of planted tests."""
    shutil.copy(ROOT / "tests" / "plugins" / f"{name}.py", directory / "conftest.py")


@pytest.mark.parametrize("processes", [(), PARALLEL], ids=["one process", "several"])
def test_a_skipped_test_fails_in_ci(tmp_path: Path, processes: tuple[str, ...]) -> None:
    plugin("skips", tmp_path)
    for name, body in SKIPS.items():
        (tmp_path / f"test_{name}.py").write_text(f"import pytest\n{body}\ndef test_other_{name}():\n    pass\n")
    code, output = run_pytest(tmp_path, *processes)
    assert code == 0, output
    # A file that is skipped during collection would otherwise stop the run.
    for options, ci in ((("--no-skips",), False), ((), True)):
        code, output = run_pytest(tmp_path, "--continue-on-collection-errors", "-rfE", *processes, *options, ci=ci)
        assert code == 1, output
        assert "1 failed, 3 passed, 3 errors in" in output
        assert output.count("which --no-skips forbids") >= len(SKIPS)


def test_an_expected_failure_is_not_a_skip(tmp_path: Path) -> None:
    plugin("skips", tmp_path)
    (tmp_path / "test_planted.py").write_text("import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n")
    code, output = run_pytest(tmp_path, ci=True)
    assert code == 0, output


def test_every_test_has_one_level(request: pytest.FixtureRequest) -> None:
    found = request.config.stash[levels.FOUND]
    assert found
    assert [test for test, of_it in found.items() if len(of_it) != 1] == []
    assert {path.name for path in (ROOT / "tests").iterdir() if path.name in levels.PLACES} == set(levels.PLACES)


LEVELLED = {
    "graph/test_a.py": "def test_by_its_folder():\n    pass\n",
    "stores/test_b.py": "import pytest\n@pytest.mark.slow\ndef test_marked():\n    pass\ndef test_other():\n    pass\n",
}


def planted(directory: Path, files: dict[str, str]) -> Path:
    """A project with this suite's levels and some tests."""
    plugin("levels", directory)
    (directory / "pytest.ini").write_text("[pytest]\nmarkers =\n    unit:\n    real:\n    slow:\naddopts = --strict-markers\n")
    for name, text in files.items():
        file = directory / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory


@pytest.mark.parametrize(
    ("level", "tests"),
    [("unit", {"by_its_folder"}), ("real", {"other"}), ("slow", {"marked"}), ("not slow", {"by_its_folder", "other"})],
)
def test_the_level_is_that_of_the_folder_or_of_a_mark(tmp_path: Path, level: str, tests: set[str]) -> None:
    code, output = run_pytest(planted(tmp_path, LEVELLED), "--collect-only", "-q", "-m", level)
    assert code == 0, output
    assert set(re.findall(r"::test_(\w+)", output)) == tests


@pytest.mark.parametrize(
    "fault",
    [
        {"graph/test_c.py": "import pytest\n@pytest.mark.slow\n@pytest.mark.unit\ndef test_twice():\n    pass\n"},
        {"new/test_d.py": "def test_of_an_unknown_folder():\n    pass\n"},
    ],
    ids=["two", "none"],
)
def test_a_test_without_one_level_stops_the_run(tmp_path: Path, fault: dict[str, str]) -> None:
    code, output = run_pytest(planted(tmp_path, LEVELLED | fault))
    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert re.search(r"test_(twice: slow, unit|of_an_unknown_folder: none)", output)


VARIED = """
from hypothesis import given, settings, strategies
from amounts import amounts

def test_not_varied():
    pass

@amounts(3, 20)
def test_seeds(seeds):
    with open("seeds", "w") as file:
        file.write(str(len(seeds)))

@amounts(3, 20)
@settings(max_examples=7, database=None)
@given(strategies.integers())
def test_examples(number):
    with open("examples", "a") as file:
        file.write(".")
"""


@pytest.mark.parametrize(
    ("level", "tests", "cases"),
    [("unit", {"not_varied", "seeds[few]", "examples[few]"}, 3), ("slow", {"seeds[many]", "examples[many]"}, 20)],
)
def test_few_cases_are_compared_and_many_in_slow_tests(tmp_path: Path, level: str, tests: set[str], cases: int) -> None:
    shutil.copy(ROOT / "tests" / "plugins" / "amounts.py", tmp_path)
    code, output = run_pytest(planted(tmp_path, {"graph/test_a.py": VARIED}), "-p", "amounts", "-v", "-m", level)
    assert code == 0, output
    assert set(re.findall(r"::test_(\S+)", output)) == tests
    assert int((tmp_path / "seeds").read_text()) == len((tmp_path / "examples").read_text()) == cases
