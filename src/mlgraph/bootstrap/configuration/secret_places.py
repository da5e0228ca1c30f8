"""Reading of secrets from the places in the configuration: an environment variable, or a private file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mlgraph.domain.configuration import SecretPlace
from mlgraph.domain.credentials import MAX_SECRET_CHARS, Credentials
from mlgraph.domain.errors import InvalidInput


def credentials_at(place: SecretPlace, environ: Mapping[str, str]) -> Credentials:
    """Return the credentials at `place`.

    Raises `InvalidInput`, with neither the secret nor the place in its message: the place may be a misplaced secret.
    """
    if place.env is not None:
        if place.env not in environ:
            raise InvalidInput(
                "the environment variable that is named here is not set; set it in the environment of mlgraph up. "
                "If this is the secret itself, store it in a variable, and write the name of the variable here"
            )
        what, secret = "the value of the environment variable that is named here", environ[place.env]
    else:
        what, secret = "the content of the file that is named here", _content(place.file or Path())
    try:
        return Credentials(secret.strip("\r\n"), place.user)
    except InvalidInput as error:
        raise InvalidInput(f"{what} cannot be used: {error.detail}") from None


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise InvalidInput("the file that is named here can be read by others; make it private with chmod 600")
            return file.read(4 * MAX_SECRET_CHARS + 2).decode()
    except FileNotFoundError:
        raise InvalidInput("the file that is named here does not exist; paths are relative to this configuration") from None
    except OSError as error:
        raise InvalidInput(f"the file that is named here cannot be read ({error.strerror}); give this user access") from None
    except UnicodeDecodeError:
        raise InvalidInput("the file that is named here is not UTF-8; write only the secret into it, as text") from None
