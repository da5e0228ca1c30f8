"""From the file to the checked configuration, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from mlgraph.bootstrap.configuration import checks, nodes
from mlgraph.bootstrap.configuration.declarations import Declared, noise_rules, rule_files
from mlgraph.bootstrap.configuration.sources import SourcesReader
from mlgraph.domain.configuration import Configuration
from mlgraph.domain.errors import ConfigurationError

NAME: Final = "mlgraph.yaml"
MAX_BYTES: Final = 1 << 20
_PARTS: Final = ("sources", "aliases", "rules", "noise")


def load(path: Path | None, kinds: Collection[str], environ: Mapping[str, str]) -> Configuration:
    """Return what the file at `path` says (None: nothing), and look whether the secrets and files that it names are there.

    `kinds` are the kinds of sources that can be connected. Raises `ConfigurationError` with all faults, a line each.
    """
    if path is None:
        return Configuration()
    faults = nodes.Faults()
    document = nodes.read(_text(path), faults)
    reader = SourcesReader(kinds, path.parent, environ)
    found = None if document is None else _configuration(document, faults, path, reader)
    if faults.found:
        raise ConfigurationError(faults.told(str(path)))
    return found or Configuration()


def _configuration(document: nodes.Node, faults: nodes.Faults, path: Path, reader: SourcesReader) -> Configuration | None:
    if isinstance(document, nodes.Scalar) and document.empty:
        return None
    said = checks.members(document, faults, "the configuration", _PARTS)
    if said is None:
        return None
    nothing = nodes.Items(said.place, ())
    aliases, apart = Declared(faults).read(said.values.get("aliases", nothing))
    return Configuration(
        reader.read(said.values.get("sources", nothing), faults),
        aliases,
        apart,
        rule_files(said.values.get("rules", nothing), faults, path.parent),
        noise_rules(said.values.get("noise", nothing), faults),
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: the configuration cannot be read ({error.strerror}); name another with --config"
        ) from None
    if len(content) > MAX_BYTES:
        raise ConfigurationError(f"{path}: the configuration is over {MAX_BYTES >> 20} MiB; split off what is data")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = f"{before.count(10) + 1}:{len(before) - before.rfind(10)}"
        raise ConfigurationError(f"{path}:{place}: this byte is not UTF-8; save the file as UTF-8") from None
