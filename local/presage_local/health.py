"""GET /_presage/health: the version and what is running, for whoever waits for the server."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from . import VERSION, jobs, processes

Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
PATH = '/_presage/health'


def with_health(inner: Asgi) -> Asgi:
    """The application with the health path in front; it needs no credentials."""

    async def application(
        scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope['type'] != 'http' or scope['path'] != PATH:
            await inner(scope, receive, send)
            return
        body = json.dumps(
            {'version': VERSION, 'pid': os.getpid(), 'jobs': jobs.running_jobs(), 'processes': processes.running()}
        ).encode()
        headers = [(b'content-type', b'application/json'), (b'content-length', str(len(body)).encode())]
        await send({'type': 'http.response.start', 'status': 200, 'headers': headers})
        await send({'type': 'http.response.body', 'body': body})

    return application
