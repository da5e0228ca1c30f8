"""The lock files pin each requirement of pyproject.toml once for each Python and platform, and agree with one another.

`make checklock` checks that the package index has a wheel of each; these tests use no network.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PYTHONS: Final = ("3.11", "3.12", "3.13")
PLATFORMS: Final = {"linux": "x86_64", "linux-arm": "aarch64", "darwin": "arm64"}

Versions = dict[str, Version]


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")


def environment(python: str, platform: str) -> dict[str, str]:
    system = platform.partition("-")[0]
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_system": system.capitalize(),
        "platform_machine": PLATFORMS[platform],
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


def pinned(text: str, where: dict[str, str]) -> Iterator[tuple[str, Version]]:
    """Name and exact version of each pin that applies in an environment (PEP 508 markers)."""
    for line in text.replace("\\\n", " ").splitlines():
        stated = line.partition("--hash")[0].strip()
        if stated and not stated.startswith("#"):
            requirement = Requirement(stated)
            if requirement.marker is None or requirement.marker.evaluate(where):
                (exact,) = requirement.specifier
                yield canonicalize_name(requirement.name), Version(exact.version)


def faults(wanted: list[str], text: str, where: dict[str, str]) -> list[str]:
    """Names that are pinned twice, and requirements without a pin that satisfies them."""
    found = list(pinned(text, where))
    versions: Versions = dict(found)
    twice = [name for name in versions if sum(name == other for other, _ in found) > 1]
    requirements = [Requirement(each) for each in wanted]
    missing = [
        str(each)
        for each in requirements
        if (each.marker is None or each.marker.evaluate(where))
        and ((version := versions.get(canonicalize_name(each.name))) is None or version not in each.specifier)
    ]
    return twice + missing


RUNTIME: Final[list[str]] = PROJECT["project"]["dependencies"]
WANTED: Final[dict[str, list[str]]] = {
    "runtime": RUNTIME,
    "demo": [*RUNTIME, *PROJECT["project"]["optional-dependencies"]["demo"]],
    "dev": [*RUNTIME, *PROJECT["dependency-groups"]["dev"]],
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_once(python: str, platform: str) -> None:
    where = environment(python, platform)
    for name, wanted in WANTED.items():
        assert faults(wanted, lock(name), where) == [], name


@pytest.mark.parametrize("python", PYTHONS)
def test_the_locks_agree_on_the_requirements_of_the_wheel(python: str) -> None:
    where = environment(python, "linux")
    runtime = dict(pinned(lock("runtime"), where))
    assert len(runtime) > len(RUNTIME)
    for name in ("dev", "demo"):
        versions = dict(pinned(lock(name), where))
        assert {package: versions.get(package) for package in runtime} == runtime


def test_the_supported_pythons_are_tested() -> None:
    promised = [each.rpartition(" ")[2] for each in PROJECT["project"]["classifiers"] if ":: Python :: 3." in each]
    assert promised == list(PYTHONS)
    assert f"PYTHONS := {' '.join(PYTHONS)}\n" in (ROOT / "Makefile").read_text("utf-8")


def test_the_checks_find_planted_faults() -> None:
    where = environment("3.12", "linux")
    text = (
        "numpy==2.1 ; python_full_version < '3.12' \\\n    --hash=sha256:00\nnumpy==2.3 ; python_version >= '3.12'\nhttpx==0.28\n"
    )
    assert faults(["numpy>=2.2", "httpx"], text, where) == []
    assert faults(["numpy>=2.2"], text, environment("3.11", "linux")) == ["numpy>=2.2"]
    assert faults(["numpy", "rich"], f"{text}numpy==2.4\n", where) == ["numpy", "rich"]


@pytest.mark.parametrize("folder", ["portal", "requirements/unleash"])
def test_packages_of_node_are_pinned_by_hash_and_name_no_address(folder: str) -> None:
    lock = (ROOT / folder / "package-lock.json").read_text("utf-8")
    packages = {path: each for path, each in json.loads(lock)["packages"].items() if path}
    assert packages
    assert [path for path, each in packages.items() if not each.get("integrity", "").startswith("sha512-")] == []
    assert '"resolved"' not in lock
    wanted = json.loads((ROOT / folder / "package.json").read_text("utf-8"))
    direct = {**wanted.get("dependencies", {}), **wanted.get("devDependencies", {})}
    assert {name: packages[f"node_modules/{name}"]["version"] for name in direct} == direct
