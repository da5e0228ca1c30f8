"""The start options of a server."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlgraph.domain.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `mlgraph up`. `store` is a postgresql:// URL; None means an embedded PostgreSQL in the directory `data`.

    `before_ready` is called with the server's URL when the server accepts requests but is not ready, `after_ready` when it is.
    `workers` is the number of processes that accept requests and share one base file.
    `config` is the file mlgraph.yaml, `configuration` its validated content.
    `log_format` None is text on a terminal, else JSON. `public_url` is the URL at which connected tools send webhooks.
    """

    data: Path
    store: str | None = None
    host: str = "127.0.0.1"
    port: int = 8765
    tokens: Path | None = None
    config: Path | None = None
    configuration: Configuration = field(default_factory=Configuration)
    before_ready: Callable[[str], None] | None = None
    after_ready: Callable[[str], None] | None = None
    log_format: Literal["text", "json"] | None = None
    log_level: str = "info"
    workers: int = 1
    public_url: str | None = field(default_factory=lambda: os.environ.get("MLGRAPH_PUBLIC_URL"))
