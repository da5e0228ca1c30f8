"""The words of documents in files of tantivy: one directory, one writer, any number of readers.

Each commit has a document with the state that it includes (watermark, stamp of the log, format), so that contents and state
become visible together. A directory that cannot be read (truncated, damaged, of another format) counts as absent: the projection
builds the index from the store again.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import tantivy

from mlgraph.domain.errors import Unavailable, UnreadableIndex
from mlgraph.domain.options.search_options import FILTERS
from mlgraph.ports.search_index import Clause, Counts, IndexHit, IndexState, Selection, WrittenDocument
from mlgraph.search.words import RULES_VERSION
from mlgraph.stores.search_index.clause_queries import query_of, selected
from mlgraph.stores.search_index.file_checks import damaged_file

_log = logging.getLogger(__name__)

FORMAT: Final = 1
"""Incremented whenever the fields or their contents change: an index of another format is built again."""
_WRITER_BYTES: Final = 32_000_000
_STATE_KEY: Final = "\x00state"
_MOST_CONTINUATIONS: Final = 5_000
"""Prefixes whose continuations are kept with a view: people who type begin with the same letters."""
_NUMBERS: Final = ("asset", "prior", "changed_day", "successor")
_MEANING: Final = "\x00meaning"
"""The key in a stored body of the words that say what the document is about."""
_POSITIONS: Final = ("name", "names", "columns", "text", "owner_words", "tag_words")
_FREQUENCIES: Final = ("joined", "place")


class _UnusableIndex(Exception):
    """The files cannot be used; the message is the reason."""


@contextmanager
def _tantivy_errors(what: str) -> Iterator[None]:
    """Turn errors of tantivy into `Unavailable`; a panic of its code too, which is no `Exception` in Python."""
    try:
        yield
    except (ValueError, OSError, MemoryError) as error:
        raise UnreadableIndex(f"the search index could not be {what}: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableIndex(f"the search index could not be {what}, its files are damaged: {str(error)[:200]}") from error


def schema() -> tantivy.Schema:
    """Return the fields of the index."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("asset", indexed=True, fast=True)
    for field in _NUMBERS[1:]:
        builder.add_unsigned_field(field, fast=True)
    builder.add_text_field("exact", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("column", tokenizer_name="raw", index_option="basic")
    for field in _POSITIONS:
        builder.add_text_field(field, tokenizer_name="whitespace")
    for field in _FREQUENCIES:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    for field in FILTERS:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_bytes_field("body", stored=True)
    return builder.build()


_FIELDS: Final = schema()


class TantivyView:
    """The words of documents as of one commit (`IndexView`)."""

    def __init__(self, searcher: tantivy.Searcher, fields: tantivy.Schema, state: IndexState) -> None:
        self._searcher = searcher
        self._schema = fields
        self._continuations: dict[tuple[str, str, int], list[str]] = {}
        self.state = state

    def hits(self, clause: Clause, selection: Selection, limit: int, offset: int = 0) -> list[IndexHit]:
        """Return the best hits, best first."""
        with _tantivy_errors("read"):
            query = selected(self._schema, query_of(self._schema, clause), selection)
            found = self._searcher.search(query, limit, count=False, offset=offset)
            return self._hits([(float(score), address) for score, address in found.hits])

    def by_prior(self, clause: Clause, selection: Selection, limit: int) -> list[IndexHit]:
        """Return hits by descending prior instead of score."""
        with _tantivy_errors("read"):
            query = selected(self._schema, query_of(self._schema, clause), selection)
            found = self._searcher.search(query, limit, count=False, order_by_field="prior")
            return self._hits([(0.0, address) for _, address in found.hits])

    def _hits(self, found: Sequence[tuple[float, tantivy.DocAddress]]) -> list[IndexHit]:
        addresses = [address for _, address in found]
        numbers = [self._searcher.fast_field_values(field, addresses) for field in _NUMBERS]
        return [
            IndexHit(int(asset or 0), score, int(prior or 0), int(changed or 0), int(successor or 0), address)
            for (score, address), asset, prior, changed, successor in zip(found, *numbers, strict=True)
        ]

    def counts(self, clause: Clause, selection: Selection, most_values: int) -> Counts:
        """Return how many documents match, with at most `most_values` values of each filter field."""
        with _tantivy_errors("read"):
            query = selected(self._schema, query_of(self._schema, clause), selection)
            wanted: dict[str, Any] = {field: {"terms": {"field": field, "size": most_values}} for field in FILTERS}
            found = self._searcher.aggregate(query, wanted)
        values = {field: {str(each["key"]): int(each["doc_count"]) for each in found[field]["buckets"]} for field in FILTERS}
        others = {field: int(found[field].get("sum_other_doc_count") or 0) for field in FILTERS}
        return Counts(sum(values["state"].values()) + others["state"], values, others)  # each document has one state

    def bodies(self, hits: Sequence[IndexHit]) -> list[dict[str, Any]]:
        """Return what is stored of each hit."""
        with _tantivy_errors("read"):
            bodies = [_body(self._searcher, hit.address) for hit in hits]
        return [{name: value for name, value in body.items() if name != _MEANING} for body in bodies]

    def words_of(self, hits: Sequence[IndexHit]) -> list[list[str]]:
        """Return the words of each hit that say what it is about."""
        with _tantivy_errors("read"):
            return [_body(self._searcher, hit.address).get(_MEANING, []) for hit in hits]

    def frequency(self, field: str, word: str) -> int:
        """Return how many documents have `word` in a field."""
        with _tantivy_errors("read"):
            return self._searcher.doc_freq(field, word)

    def continuations(self, field: str, prefix: str, most: int) -> list[str]:
        """Return words in a field that begin with `prefix`, the most frequent first."""
        key = field, prefix, most
        found = self._continuations.get(key)
        if found is None:
            with _tantivy_errors("read"):
                found = [word for word, _ in self._searcher.terms_with_prefix(field, prefix, limit=most)]
            if len(self._continuations) >= _MOST_CONTINUATIONS:
                self._continuations = {}
            self._continuations[key] = found
        return found


class TantivyIndex:
    """The inverted index of a directory, with the state that it includes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._writer: tantivy.IndexWriter | None = None
        self._view: TantivyView | None = None
        self._seen: tuple[int, int] | None = None
        self._is_first_build = False

    def open(self, *, verified: bool = False) -> IndexState | None:
        """Open the index for reading, and return its state; None if there is no usable one, the reason of which is logged.

        `verified`: read all files first, because nobody else verifies them.
        """
        if not (self._directory / "meta.json").exists():
            return None
        try:
            with _tantivy_errors("opened"):
                if verified:
                    _verify(self._directory)
                index = tantivy.Index.open(str(self._directory))
                index.config_reader("manual")
                view = self._view_of(index)
        except (Unavailable, _UnusableIndex, KeyError) as error:
            _log.warning("the search index is not used, it will be built again: %s", error)
            return None
        self._index, self._view = index, view
        return view.state

    def _view_of(self, index: tantivy.Index) -> TantivyView:
        seen = self._signature()
        index.reload()
        searcher = index.searcher()
        fields = index.schema
        found = searcher.search(tantivy.Query.term_query(fields, "exact", _STATE_KEY), 1).hits
        if not found:
            raise _UnusableIndex("it has no state: it is not of mlgraph, or its first build was interrupted")
        stored = _body(searcher, found[0][1])
        if (stored.get("format"), stored.get("rules")) != (FORMAT, RULES_VERSION):
            raise _UnusableIndex(f"it has format {stored.get('format')}.{stored.get('rules')}, not {FORMAT}.{RULES_VERSION}")
        self._seen = seen
        return TantivyView(
            searcher, fields, IndexState(stored["watermark"], stored["stamp"], stored["complete"], stored["slots"])
        )

    def begin_writing(self, *, from_scratch: bool) -> None:
        """Lock the index for writing; `from_scratch` empties it first. Raises `Unavailable` if another process has the lock."""
        self.close()
        if from_scratch:
            self._view = self._index = None
            self._empty()
        with _tantivy_errors("opened for writing"):
            if self._index is None:
                self._index = tantivy.Index(schema(), str(self._directory), reuse=False)
                self._index.config_reader("manual")
            self._writer = self._index.writer(_WRITER_BYTES, 1)
        self._is_first_build = from_scratch

    def _empty(self) -> None:
        try:
            shutil.rmtree(self._directory, ignore_errors=False)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Unavailable(f"the search index could not be removed to build it again: {error}") from error
        self._directory.mkdir(parents=True, mode=0o700)

    def put(self, documents: Sequence[WrittenDocument], removed: Collection[int] = ()) -> None:
        """Replace the documents of these assets, and remove those of `removed`, with the next commit."""
        writer = self._writing()
        replaced = [*removed, *(document.asset for document in documents)]
        with _tantivy_errors("written"):
            if replaced and not self._is_first_build:
                # by a query: a term of an integer is a signed one in this version, which no document has
                fields = self._index.schema if self._index is not None else schema()
                writer.delete_documents_by_query(tantivy.Query.term_set_query(fields, "asset", replaced))
            for document in documents:
                writer.add_document(_stored(document))

    def commit(self, state: IndexState) -> None:
        """Make everything put so far durable and visible, with the state that it includes."""
        writer = self._writing()
        body = {
            "format": FORMAT,
            "rules": RULES_VERSION,
            "watermark": state.watermark,
            "stamp": state.stamp,
            "complete": state.is_complete,
            "slots": state.slots,
        }
        with _tantivy_errors("written"):
            writer.delete_documents_by_term("exact", _STATE_KEY)
            document = tantivy.Document()
            document.add_text("exact", _STATE_KEY)
            document.add_text("state", "none")
            document.add_bytes("body", orjson.dumps(body))
            writer.add_document(document)
            writer.commit()
        self._is_first_build = False
        self.refresh()

    def _writing(self) -> tantivy.IndexWriter:
        if self._writer is None:
            raise Unavailable("the search index is not open for writing")
        return self._writer

    def view(self) -> TantivyView | None:
        """Return the latest view; None while there is none."""
        return self._view

    def refresh(self) -> bool:
        """Load what another process committed since; return whether there was something."""
        with self._lock:
            if self._index is None:
                return self.open() is not None
            if self._seen is not None and self._signature() == self._seen:
                return False
            try:
                with _tantivy_errors("read"):
                    self._view = self._view_of(self._index)
            except _UnusableIndex as error:
                raise Unavailable(f"the search index cannot be read: {error}") from error
            return True

    def _signature(self) -> tuple[int, int] | None:
        """Return what changes with each commit: number and modification time of the file that lists the others."""
        try:
            found = (self._directory / "meta.json").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def close(self) -> None:
        """Stop writing, after merges in progress."""
        writer, self._writer = self._writer, None
        if writer is not None:
            _quietly(writer.wait_merging_threads)


def _verify(directory: Path) -> None:
    if (damage := damaged_file(directory)) is not None:
        raise _UnusableIndex(damage)


def _quietly(work: Callable[[], None]) -> None:
    try:
        with _tantivy_errors("closed"):
            work()
    except Unavailable as error:
        _log.warning("%s", error.detail)


def _body(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> dict[str, Any]:
    stored: Any = searcher.doc(address).get_first("body")
    body: dict[str, Any] = orjson.loads(bytes(stored))
    return body


def _stored(document: WrittenDocument) -> tantivy.Document:
    stored = tantivy.Document()
    stored.add_unsigned("asset", document.asset)
    stored.add_unsigned("prior", document.prior)
    stored.add_unsigned("changed_day", document.changed_day)
    stored.add_unsigned("successor", document.successor)
    for key in document.keys:
        stored.add_text("exact", key)
    for field, text in document.fields.items():
        if not text:
            continue
        if field == "column":
            for each in text.split("\n"):
                stored.add_text("column", each)
        else:
            stored.add_text(field, text)
    for field, values in document.filters.items():
        for value in values:
            stored.add_text(field, value)
    stored.add_bytes("body", orjson.dumps({**document.body, _MEANING: list(document.meaning)}))
    return stored
