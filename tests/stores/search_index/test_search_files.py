"""The files of the search index: what is damaged, foreign or locked is reported and built again, never a crash."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tantivy

from mlgraph.domain.errors import Unavailable
from mlgraph.ports.search_index import Every, IndexState, Phrase, Term, Typo, WordSum
from mlgraph.search.documents import SearchDocument
from mlgraph.services.search.projection import written
from mlgraph.stores.search_index import tantivy_index
from mlgraph.stores.search_index.search_files import SearchFiles


def document(number: int, text: str) -> SearchDocument:
    uri, name = f"mlg://dataset/n/{number}", f"table_{number}"
    return SearchDocument(number, uri, "dataset", "n", name, (name,), (uri,), text, tags=(text.split(maxsplit=1)[0],))


def put(files: SearchFiles, *documents: SearchDocument, removed: tuple[int, ...] = (), watermark: int = 1) -> None:
    files.put([written(each) for each in documents], removed)
    files.commit(IndexState(watermark, "stamp"))


@pytest.fixture
def files(tmp_path: Path) -> Iterator[SearchFiles]:
    opened = SearchFiles(tmp_path)
    opened.begin_writing(from_scratch=True)
    put(opened, *(document(number, f"movie ratings of week {number}") for number in range(1, 60)))
    yield opened
    opened.close()


def found(files: SearchFiles, word: str) -> set[int]:
    view = files.view()
    assert view is not None
    return {hit.asset for hit in view.hits(Term("text", word), {}, 1000)}


def test_documents_are_replaced_and_removed(files: SearchFiles) -> None:
    put(files, document(5, "songs"), document(6, "songs of whales"), removed=(7,), watermark=2)
    view = files.view()
    assert view is not None
    assert (found(files, "song"), view.state.watermark) == ({5, 6}, 2)
    assert found(files, "movie") == set(range(1, 60)) - {5, 6, 7}
    assert sorted(hit.asset for hit in view.hits(Every(), {}, 1000)) == [number for number in range(1, 60) if number != 7]
    nearest = [asset for asset, _ in view.nearest({"song": 1.0}, 5, 5)]
    assert set(nearest[:2]) == {5, 6}
    assert 7 not in {asset for asset, _ in view.nearest({"movie": 1.0}, 100, 100)}


def test_counts_are_exact(files: SearchFiles) -> None:
    put(files, document(5, "songs"), watermark=2)
    view = files.view()
    assert view is not None
    counts = view.counts(Every(), {}, 10)
    assert (counts.total, counts.by_value["kind"], counts.by_value["tag"]) == (59, {"dataset": 59}, {"movie": 58, "songs": 1})
    assert view.counts(Every(), {"tag": ("songs",)}, 10).total == 1
    assert view.counts(Every(), {}, 1).others["tag"] == 1


def test_clauses(files: SearchFiles) -> None:
    view = files.view()
    assert view is not None
    assert len(view.hits(Typo("text", "mvoie", 1), {}, 100)) == 59
    assert len(view.hits(Typo("text", "mvoee", 1), {}, 100)) == 0
    assert len(view.hits(Phrase("text", ("rating", "of", "week")), {}, 100)) == 59
    assert len(view.hits(Phrase("text", ("week", "of", "rating")), {}, 100)) == 0
    two = WordSum((Term("text", "movie"), Term("text", "7"), Term("text", "absent")), 2)
    assert [hit.asset for hit in view.hits(two, {}, 100)] == [7]
    assert view.hits(WordSum(()), {}, 100) == []
    assert view.continuations("text", "rat", 5) == ["rating"]


def test_an_index_is_opened_again(files: SearchFiles, tmp_path: Path) -> None:
    files.close()
    again = SearchFiles(tmp_path)
    assert again.open() == IndexState(1, "stamp", slots=59)
    again.begin_writing(from_scratch=False)
    put(again, document(3, "songs"), document(80, "songs"), watermark=3)
    assert found(again, "song") == {3, 80}
    again.close()


def largest(directory: Path) -> Path:
    files = (path for path in directory.iterdir() if path.suffix not in (".json", ".lock"))
    return max(files, key=lambda path: path.stat().st_size)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a truncated file": lambda root: truncate(largest(root / "words")),
    "a changed byte": lambda root: flip(largest(root / "words")),
    "an empty file": lambda root: largest(root / "words").write_bytes(b""),
    "a missing file": lambda root: largest(root / "words").unlink(),
    "a damaged list of files": lambda root: (root / "words" / "meta.json").write_text("{"),
    "a list of files of another version": lambda root: (root / "words" / "meta.json").write_text('{"version": 99}'),
    "truncated vectors": lambda root: os.truncate(root / "vectors" / "codes", 100),
    "missing vectors": lambda root: (root / "vectors" / "vectors").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_is_not_used_and_built_again(
    files: SearchFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    files.close()
    DAMAGE[damage](tmp_path)
    again = SearchFiles(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert again.open() is None
    assert "built again" in caplog.text
    again.begin_writing(from_scratch=True)
    put(again, document(1, "songs"))
    assert found(again, "song") == {1}
    again.close()


def test_an_index_of_another_format_is_not_used(
    files: SearchFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.close()
    monkeypatch.setattr(tantivy_index, "FORMAT", tantivy_index.FORMAT + 1)
    assert SearchFiles(tmp_path).open() is None
    assert "it has format" in caplog.text


def test_an_index_of_another_program_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "words").mkdir()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=True)
    writer = tantivy.Index(builder.build(), str(tmp_path / "words")).writer(20_000_000, 1)
    writer.add_document(tantivy.Document(body="x"))
    writer.commit()
    assert SearchFiles(tmp_path).open() is None
    assert "built again" in caplog.text


def test_an_index_that_another_process_writes_is_reported(files: SearchFiles, tmp_path: Path) -> None:
    other = SearchFiles(tmp_path)
    assert other.open() is not None
    with pytest.raises(Unavailable, match="opened for writing"):
        other.begin_writing(from_scratch=False)
    put(files, document(1, "songs"), watermark=2)  # the first one goes on
    assert found(files, "song") == {1}


def test_readers_see_each_commit(files: SearchFiles, tmp_path: Path) -> None:
    reader = SearchFiles(tmp_path, writes=False)
    assert reader.open() is not None
    assert not reader.refresh()
    put(files, document(1, "songs"), *(document(number, "songs") for number in range(100, 400)), watermark=2)
    assert reader.refresh()
    assert found(reader, "song") == {1, *range(100, 400)}
    view = reader.view()
    assert view is not None
    assert view.state == IndexState(2, "stamp", slots=359)
    assert {asset for asset, _ in view.nearest({"song": 1.0}, 500, 500)} >= {1, *range(100, 400)}
    reader.close()


def test_the_model_is_read_without_importing_its_package() -> None:
    program = (
        "import sys\n"
        "from mlgraph.stores.search_index.word_vectors import WordVectors\n"
        "assert WordVectors().of(['movie', 'film'])[0].any()\n"
        "loaded = {'wordllama', 'requests', 'urllib3', 'httpx', 'http.client'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_nothing_is_sent_or_looked_up_on_a_network(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "def forbid(event, arguments):\n"
        "    assert not event.startswith(('socket.connect', 'socket.getaddrinfo', 'socket.sendto', 'urllib')), event\n"
        "sys.addaudithook(forbid)\n"
        "from pathlib import Path\n"
        "from tests.stores.search_index.test_search_files import document, put\n"
        "from mlgraph.stores.search_index.search_files import SearchFiles\n"
        "files = SearchFiles(Path(sys.argv[1]))\n"
        "files.warm()\n"
        "files.begin_writing(from_scratch=True)\n"
        "put(files, document(1, 'movie ratings'))\n"
        "assert files.view().nearest({'film': 1.0}, 5, 5)[0][0] == 1\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, cwd=Path(__file__).parents[3])
