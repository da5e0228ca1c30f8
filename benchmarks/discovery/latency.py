"""Latencies of searches: one client, eight clients in a closed loop, and each keystroke of a text that is being typed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.discovery.engines.base import SearchEngine
from benchmarks.figures import Figures, of_samples

CLIENTS: Final = 8
_LONGEST_TYPED: Final = 24
"""Letters of a typed text that are measured."""
Opened = Callable[[], SearchEngine]


def measure_latencies(name: str, opened: Opened, texts: Sequence[str], seconds: float) -> Figures:
    """Return latencies of an engine and its rate with several clients. `opened` connects one client."""
    figures = of_samples(f"search.{name}.one", _loop(opened, texts, seconds), 1)
    typed = [
        (text[:length], True) for text in texts[: len(texts) // 4] for length in range(1, min(len(text), _LONGEST_TYPED) + 1)
    ]
    figures |= of_samples(f"search.{name}.key", _loop(opened, [text for text, _ in typed], seconds, prefix=True), 1)
    taken: list[list[float]] = [[] for _ in range(CLIENTS)]
    failures: list[BaseException] = []

    def client(number: int) -> None:
        shuffled = list(texts)
        random.Random(number).shuffle(shuffled)
        try:
            taken[number] = _loop(opened, shuffled, seconds)
        except Exception as error:  # noqa: BLE001 - reported by the thread that measures
            failures.append(error)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    every = [sample for samples in taken for sample in samples]
    figures |= of_samples(f"search.{name}.eight", every, CLIENTS)
    figures[f"search.{name}.eight.per_s"] = len(every) / (time.perf_counter() - started)
    return figures


def _loop(opened: Opened, texts: Sequence[str], seconds: float, *, prefix: bool = False) -> list[float]:
    """Return the latencies (s) of searches for `texts` in rotation, until `seconds` are over; a first few warm up."""
    engine = opened()
    taken: list[float] = []
    try:
        for text in texts[:20]:
            engine.search(text, prefix=prefix)
        until = time.perf_counter() + seconds
        while not taken or time.perf_counter() < until:
            started = time.perf_counter()
            engine.search(texts[len(taken) % len(texts)], prefix=prefix)
            taken.append(time.perf_counter() - started)
    finally:
        engine.close()
    return taken
