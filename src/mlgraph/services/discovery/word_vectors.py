"""The vectors of words: static embeddings whose weights are in the wheel of wordllama, so that nothing is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from mlgraph.search.similarity.vocabulary import Embed, Floats


@cache
def load_word_vectors() -> Embed:
    """Return a function from texts to vectors of length 1 (float32[n, 256])."""
    import wordllama  # imported here, because it takes a quarter of a second that no other command needs

    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)

    def embed(texts: Sequence[str]) -> Floats:
        found: Floats = np.asarray(model.embed(list(texts), norm=True), np.float32)
        return found

    return embed
