"""The process of an endpoint: the container of one model, kept warm, answering one call after the other.

Started with the model's specification and its files in its folder and a socket as stdin: a first message says `ready`,
or why it could not start (`failed`); then a message with content type, accept and body is answered by status, content
type and body, until the socket ends. The server brings the files, so that a start does not have to load an SDK.
"""

import json
import os
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, Protocol

from .child import SPEC, JobFailure
from .containers import AUTOML, MODEL, Reply, kind_of
from .wire import Closed, Wire


class Container(Protocol):
    def respond(self, body: bytes, content_type: str, accept: str) -> Reply:
        """One request to /invocations. content_type and accept are '' if the caller said nothing."""


def _start(spec: dict[str, Any]) -> Container:
    """Load the model that lies in the folder. JobFailure in AWS's words, with what really happened behind them."""
    environment = spec['container'].get('Environment', {})
    path = Path(MODEL)
    try:
        if kind_of(spec['container']['Image']) == AUTOML:
            from .automl_container import AutomlContainer

            return AutomlContainer(path, environment)
        from .script_container import load_script

        return load_script(path, environment)
    except Exception as error:
        if not isinstance(error, JobFailure):
            traceback.print_exc()
        told = str(error) if isinstance(error, JobFailure) else f'{type(error).__name__}: {error}'
        raise JobFailure(
            f'The primary container for production variant {spec["variant"]} did not pass the ping health check. '
            f'Please check CloudWatch logs for this endpoint. ({told})'
        ) from error


def serve(wire: Wire, spec: dict[str, Any]) -> int:
    """Answer until the other side ends; the exit code."""
    try:
        container = _start(spec)
    except JobFailure as failure:
        print(f'failed: {failure}', file=sys.stderr)
        wire.send({'failed': str(failure)})
        return 1
    wire.send({'ready': True})
    while True:
        try:
            asked, body = wire.receive()
        except Closed:
            return 0
        reply = container.respond(body, asked['content_type'], asked['accept'])
        wire.send({'status': reply.status, 'content_type': reply.content_type}, reply.body)


if __name__ == '__main__':
    line = Wire(socket.socket(fileno=os.dup(0)))
    # A script that reads its stdin must not read the calls.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    code = serve(line, json.loads(Path(SPEC).read_text()))
    sys.stdout.flush()
    # What a script left running must not keep the process.
    os._exit(code)
