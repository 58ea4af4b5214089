"""How the server talks to a warm container: a socket with one message each way for every call.

A message is a head, a JSON object, and a body of bytes: the head's length as four bytes, the head (with the body's
length under `bytes`), the body.
"""

import json
import socket
import struct
import time
from typing import Any

_LENGTH = struct.Struct('>I')
_BYTES = 'bytes'


class Closed(ConnectionError):
    """The other side has ended."""


class Wire:
    """One end of the socket. TimeoutError, after which it is of no use, when the deadline (time.monotonic()) passes."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def send(self, head: dict[str, Any], body: bytes = b'', deadline: float | None = None) -> None:
        text = json.dumps(head | {_BYTES: len(body)}).encode()
        self._wait_until(deadline)
        try:
            self.end.sendall(_LENGTH.pack(len(text)) + text + body)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed('the other side has ended') from error

    def receive(self, deadline: float | None = None) -> tuple[dict[str, Any], bytes]:
        """The next message's head and body."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
        head: dict[str, Any] = json.loads(self._exactly(length, deadline))
        return head, self._exactly(head.pop(_BYTES), deadline)

    def close(self) -> None:
        self.end.close()

    def _exactly(self, count: int, deadline: float | None) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            self._wait_until(deadline)
            try:
                part = self.end.recv(min(count - len(parts), 1 << 20))
            except ConnectionResetError as error:
                raise Closed('the other side has ended') from error
            if not part:
                raise Closed('the other side has ended')
            parts += part
        return bytes(parts)

    def _wait_until(self, deadline: float | None) -> None:
        # A timeout of 0 would mean not to wait at all.
        self.end.settimeout(None if deadline is None else max(deadline - time.monotonic(), 0.001))
