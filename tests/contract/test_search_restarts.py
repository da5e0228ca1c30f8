"""Search over restarts: damaged and locked files, several processes, and what the server says meanwhile."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from mlgraph.stores.search_index.search_files import SearchFiles
from tests.contract.serving import PATIENCE_S, Api, Json, Names, Process, asset

WORDS = ("quagga", "aurochs", "dodo")


def index_of(data: Path) -> Path:
    [directory] = (data / "search").iterdir()
    return directory


def until_found(api: Api, q: str, uri: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        answer = api.http.get("/api/v1/search", params={"q": q})
        if answer.status_code == 200 and [hit["uri"] for hit in answer.json()["hits"]][:1] == [uri]:
            return
        assert time.monotonic() < until, answer.text
        time.sleep(0.1)


def answered(client: httpx.Client, **query: str | int) -> Json:
    """The answer of a search, asked for again for as long as the server asks for that."""
    until = time.monotonic() + PATIENCE_S
    while (response := client.get("/api/v1/search", params=query)).status_code == 503 and time.monotonic() < until:
        time.sleep(float(response.headers["retry-after"]))
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


def filled(process: Process, names: Names) -> None:
    api = Api(process.url)
    for word in WORDS:
        api.taken(asset(names.dataset(word), description=f"remains of the {word}"))
        assert api.ask("search", q=word)["hits"][0]["uri"] == names.dataset(word)
    api.close()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Names]:
    """The data directory of a server that was filled and stopped; tests start on copies."""
    data, names = tmp_path_factory.mktemp("stopped") / "data", Names("stopped")
    process = Process("--data", str(data))
    filled(process, names)
    assert process.stop() == 0
    return data, names


@pytest.mark.parametrize("damage", ["truncated", "absent", "foreign", "killed"])
def test_search_answers_after_a_restart_whatever_the_files(
    start: Callable[..., Process], stopped: tuple[Path, Names], tmp_path: Path, damage: str
) -> None:
    data, names = tmp_path / "data", Names(f"restarted-{damage}")
    if damage == "killed":
        process = start("--data", str(data), "--log-format", "text")
        filled(process, names)
        process.kill()
    else:
        filled_data, names = stopped
        shutil.copytree(filled_data, data)
    words = index_of(data) / "words"
    if damage == "truncated":
        largest = max((path for path in words.iterdir() if not path.name.startswith(".")), key=lambda path: path.stat().st_size)
        largest.write_bytes(largest.read_bytes()[:100])
    elif damage == "absent":
        (words / "meta.json").unlink()
    elif damage == "foreign":
        (words / "meta.json").write_text('{"of": "another program"}')
    again = start("--data", str(data), "--log-format", "text")
    api = Api(again.url)
    for word in WORDS:
        until_found(api, word, names.dataset(word))
    api.taken(asset(names.dataset("moa"), description="remains of the moa"))
    assert api.ask("search", q="remains of the moa")["hits"][0]["uri"] == names.dataset("moa")
    built_again = any("will be built again" in line for line in again.output)
    assert built_again == (damage in {"truncated", "foreign"}), again.output
    api.close()


def test_a_locked_index_costs_search_alone(start: Callable[..., Process], stopped: tuple[Path, Names], tmp_path: Path) -> None:
    (filled_data, names), data = stopped, tmp_path / "data"
    shutil.copytree(filled_data, data)
    other = SearchFiles(index_of(data))
    assert other.open() is not None
    other.begin_writing(from_scratch=False)
    api = Api(start("--data", str(data), "--log-format", "text").url)
    refused = api.http.get("/api/v1/search", params={"q": WORDS[0]})
    assert (refused.status_code, "opened for writing" in refused.json()["detail"]) == (503, True), refused.text
    assert refused.headers["retry-after"]
    assert api.ask("asset", uri=names.dataset(WORDS[0]))["description"]
    assert api.http.get("/readyz").status_code == 200
    other.close()
    until_found(api, WORDS[0], names.dataset(WORDS[0]))
    api.close()


def test_every_process_finds_what_any_has_stored(start: Callable[..., Process], tmp_path: Path, names: Names) -> None:
    process = start("--data", str(tmp_path / "data"), "--workers", "3", "--log-format", "text")
    for number in range(8):
        api = Api(process.url)
        written = api.taken(asset(names.dataset(f"numbered_{number}"), description=f"herd number{number}"))["watermark"]
        api.close()
        for _ in range(4):
            with httpx.Client(base_url=process.url, timeout=PATIENCE_S, trust_env=False) as client:
                answer = answered(client, q=f"number{number}", at_least=written)
                assert [hit["uri"] for hit in answer["hits"]][:1] == [names.dataset(f"numbered_{number}")], answer
                assert answer["watermark"] >= written


def test_monitoring_has_the_watermark_of_search(api: Api, names: Names) -> None:
    api.taken(asset(names.dataset("okapi")))
    assert api.ask("search", q="okapi")["watermark"] >= api.written
    ready = api.http.get("/readyz").json()
    assert ready["search"]["watermark"] >= api.written
    assert ready["search"]["failure"] is None
    metrics = api.http.get("/metrics").text
    for name in ("watermark", "lag_seconds", "lag_transactions"):
        assert f'mlgraph_projection_{name}{{projection="search"}}' in metrics
