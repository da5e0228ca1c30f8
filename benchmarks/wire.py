"""A minimal HTTP/1.1 client: one persistent connection, one request at a time, with little overhead in measured times."""

from __future__ import annotations

import socket
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_TIMEOUT_S: Final = 60.0
_PIECE: Final = 1 << 20


class Answer(NamedTuple):
    """Status and complete body of a response."""

    status: int
    body: bytes


class Connection:
    """One connection to the server at `url`. Raises `OSError` if it breaks."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = f"{parts.hostname}:{parts.port}"
        self._socket = socket.create_connection((parts.hostname, parts.port), _TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def get(self, path: str) -> Answer:
        """Send a GET request; return the complete answer."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        return self._answer()

    def post(self, path: str, body: bytes) -> Answer:
        """Send a POST request with JSON; return the complete answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + body)
        return self._answer()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _answer(self) -> Answer:
        head = self._until(b"\r\n\r\n").lower()
        status = int(head.split(b" ", 2)[1])
        if b"\r\ntransfer-encoding: chunked" in head:
            return Answer(status, b"".join(self._chunks()))
        length = int(head.partition(b"\r\ncontent-length:")[2].split(b"\r\n", 1)[0])
        return Answer(status, self._exactly(length))

    def _chunks(self) -> list[bytes]:
        """Return the chunks of a body (RFC 9112, section 7.1); trailers are not expected."""
        chunks = []
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            chunks.append(self._exactly(size))
            self._exactly(2)
        self._exactly(2)
        return chunks

    def _until(self, mark: bytes) -> bytes:
        while (end := self._rest.find(mark)) < 0:
            self._rest += self._more()
        found, self._rest = self._rest[:end], self._rest[end + len(mark) :]
        return found

    def _exactly(self, length: int) -> bytes:
        pieces, have = [self._rest], len(self._rest)
        while have < length:
            pieces.append(self._more())
            have += len(pieces[-1])
        complete = b"".join(pieces)
        self._rest = complete[length:]
        return complete[:length]

    def _more(self) -> bytes:
        piece = self._socket.recv(_PIECE)
        if not piece:
            raise ConnectionError("the server closed the connection in the middle of an answer")
        return piece
