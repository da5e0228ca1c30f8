"""Files of a build, held in memory with their compressed forms, and the choice between these by Accept-Encoding."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from mlgraph.api.http.content_codings import accepts

_CODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""Content codings and the suffixes of their files, the smaller form first."""
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


class StaticFile(NamedTuple):
    """A file: its bytes by content coding (`identity` among them), media type and entity tag of the uncompressed bytes."""

    bodies: dict[str, bytes]
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> StaticFile:
        """Read a file and what lies beside it compressed. Raises OSError if it is not there."""
        body = path.read_bytes()
        bodies = {"identity": body}
        for coding, suffix in _CODINGS:
            beside = path.with_name(path.name + suffix)
            if beside.is_file():
                bodies[coding] = beside.read_bytes()
        media_type = _MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return cls(bodies, media_type, hashlib.sha256(body).hexdigest()[:32])

    def response(self, request: Request, headers: dict[str, str]) -> Response:
        """Return the file in the best coding that the request accepts, or 304 if the caller has it already."""
        accepted = request.headers.get("accept-encoding", "")
        coding = next((name for name, _ in _CODINGS if name in self.bodies and accepts(accepted, name)), "identity")
        etag = f'"{self.etag}-{coding}"'
        headers = {**headers, "etag": etag, "vary": "Accept-Encoding"}
        if _matches(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        if coding != "identity":
            headers["content-encoding"] = coding
        return Response(self.bodies[coding], media_type=self.media_type, headers=headers)


def _matches(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or "*" in tags
