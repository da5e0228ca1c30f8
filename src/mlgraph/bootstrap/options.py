"""What a server is started with."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlgraph.domain.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve. `store` is a postgresql:// URL; None keeps an embedded PostgreSQL below `data`.

    `before_ready` is called with the server's URL once it answers, before it says that it is ready; `after_ready` then.
    `workers` is how many processes answer, sharing one snapshot.
    `config` is the file mlgraph.yaml; `configuration` what it says, once it has been read and checked.
    `log_format` None is text on a terminal, else JSON. `public_url` is where connected tools can reach the server with webhooks.
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
