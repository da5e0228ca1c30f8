"""Vectors of words from the static embedding model in the wheel of wordllama (l2_supercat, 256 dimensions, MIT licence).

The files are read directly: `import wordllama` loads an HTTP library and may look for files on the network. They are found by the
location of the package, the table is memory-mapped, and nothing is loaded before the first word.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mlgraph.domain.errors import Unavailable
from mlgraph.search.embedding import DIMENSIONS, Floats

_log = logging.getLogger(__name__)

MODEL: Final = "l2_supercat_256"
_TABLE: Final = f"weights/{MODEL}.safetensors"
_TOKENIZER: Final = "tokenizers/l2_supercat_tokenizer_config.json"
_CACHED_WORDS: Final = 20_000


class _Cache:
    """Vectors of words with their places. A place is never written again, so that readers need no lock."""

    def __init__(self, most: int) -> None:
        self.places: dict[str, int] = {}
        self.vectors: NDArray[np.float16] = np.zeros((most, DIMENSIONS), np.float16)


class WordVectors:
    """The vectors of words, cached. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: tuple[NDArray[np.float16], Tokenizer] | None = None
        self._cache = _Cache(_CACHED_WORDS)

    def of(self, words: Sequence[str]) -> Floats:
        """Return one row for each word: the sum of the vectors of its pieces. Raises `Unavailable` without the model's files."""
        cache = self._cache
        if not all(word in cache.places for word in words):
            cache = self._loaded([*dict.fromkeys(words)])
        places = np.fromiter(map(cache.places.__getitem__, words), np.intp, len(words))
        found: Floats = cache.vectors[places].astype(np.float32)
        return found

    def _loaded(self, words: Sequence[str]) -> _Cache:
        """Return a cache that has all of these words: the present one if there is room, else a new one."""
        with self._lock:
            if self._model is None:
                self._model = _opened()
            cache = self._cache
            pending = [word for word in words if word not in cache.places]
            if len(cache.places) + len(pending) > len(cache.vectors):
                cache, pending = _Cache(max(_CACHED_WORDS, len(words))), list(words)
            table, tokenizer = self._model
            for word in pending:  # one by one: the threads of a batch cost more than its words
                pieces = tokenizer.encode(word, add_special_tokens=False).ids
                place = len(cache.places)
                if pieces:
                    cache.vectors[place] = table[pieces].astype(np.float32).sum(0)
                cache.places[word] = place
            self._cache = cache
            return cache


def _opened() -> tuple[NDArray[np.float16], Tokenizer]:
    """Return the table of vectors and the tokenizer. Raises `Unavailable`."""
    found = importlib.util.find_spec("wordllama")
    if found is None or not found.submodule_search_locations:
        raise Unavailable("the package wordllama is not installed, so nothing can be found by its meaning")
    directory = Path(found.submodule_search_locations[0])
    try:
        return _table(directory / _TABLE), Tokenizer.from_file(str(directory / _TOKENIZER))
    except Exception as error:
        raise Unavailable(f"the embedding model of wordllama cannot be read: {error}") from error


def _table(path: Path) -> NDArray[np.float16]:
    """Return the table of vectors, one row for each piece of a word.

    The format of safetensors: the length of the header (8 bytes, little-endian), the header (JSON), the data.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    entry = header["embedding.weight"]
    if entry["dtype"] != "F16" or entry["shape"][1] != DIMENSIONS:
        raise ValueError(f"it has {entry['dtype']} of shape {entry['shape']}")
    return np.memmap(path, np.float16, "r", 8 + length + entry["data_offsets"][0], tuple(entry["shape"]))
