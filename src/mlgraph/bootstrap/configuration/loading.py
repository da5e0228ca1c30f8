"""Loading of mlgraph.yaml: from the file to the validated configuration, or to a report of all faults."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import model_validator

from mlgraph.bootstrap.configuration.declarations import read_aliases, read_noise_rules, read_rule_files
from mlgraph.bootstrap.configuration.settings import Installation, Settings
from mlgraph.bootstrap.configuration.sources import read_sources
from mlgraph.documents.faults import Faults
from mlgraph.documents.reader import Document, read
from mlgraph.documents.sections import validate
from mlgraph.domain.configuration import Configuration
from mlgraph.domain.errors import ConfigurationError

NAME: Final = "mlgraph.yaml"
MAX_BYTES: Final = 1 << 20


class _Parts(Settings, title="the configuration"):
    sources: tuple[Any, ...] = ()
    aliases: tuple[Any, ...] = ()
    rules: tuple[Any, ...] = ()
    noise: tuple[Any, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _mark_empty_values(cls, data: Any) -> Any:  # noqa: ANN401 - any value of the document
        """Allow an empty section, such as one with all entries commented out."""
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data


def load(
    path: Path | None, kinds: Collection[str], environ: Mapping[str, str], registries: Collection[str] = ()
) -> Configuration:
    """Return the configuration in the file at `path` (None: an empty one), with its secrets and files checked for existence.

    `kinds` are the kinds of sources that can be connected, `registries` those of them that are model registries. Raises
    `ConfigurationError` with one line for each fault.
    """
    if path is None:
        return Configuration()
    faults = Faults()
    document = read(_text(path), faults)
    found = Configuration()
    if document is not None and document.data is not None:
        found = _configuration(document, faults, Installation(kinds, registries, path.parent, environ))
    if faults.found:
        raise ConfigurationError(faults.report(str(path)))
    return found


def _configuration(document: Document, faults: Faults, against: Installation) -> Configuration:
    validate(_Parts, document, (), faults)
    aliases, apart = read_aliases(document, faults)
    return Configuration(
        read_sources(document, faults, against),
        aliases,
        apart,
        read_rule_files(document, faults, against.folder),
        read_noise_rules(document, faults),
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: the configuration cannot be read ({error.strerror}); select another with --config"
        ) from None
    if len(content) > MAX_BYTES:
        raise ConfigurationError(f"{path}: the configuration is over {MAX_BYTES >> 20} MiB; move data to other files")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = f"{before.count(10) + 1}:{len(before) - before.rfind(10)}"
        raise ConfigurationError(f"{path}:{place}: this byte is not UTF-8; save the file as UTF-8") from None
