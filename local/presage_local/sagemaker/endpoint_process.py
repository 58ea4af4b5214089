"""The process of an endpoint: the container of one model, kept warm, answering one call after the other.

Started with the model's specification in its folder and a socket as stdin: a first message says `ready`, or why it
could not start (`failed`); then a message with content type, accept and body is answered by status, content type and
body, until the socket ends.
"""

import json
import os
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, Protocol

from . import s3files
from .child import SPEC, JobFailure
from .containers import AUTOML, Reply, kind_of
from .wire import Closed, Wire


class Container(Protocol):
    def respond(self, body: bytes, content_type: str, accept: str) -> Reply:
        """One request to /invocations. content_type and accept are '' if the caller said nothing."""


def _start(spec: dict[str, Any]) -> Container:
    """Load the model. JobFailure in AWS's words, with what really happened behind them."""
    url, variant = spec['container']['ModelDataUrl'], spec['variant']
    environment = spec['container'].get('Environment', {})
    try:
        path = s3files.download(s3files.client(), url, Path('model', 'model.tar.gz'))
    except JobFailure as failure:
        raise JobFailure(
            f'Failed to download model data for container "primary" from URL: "{url}". Please ensure that there is an '
            'object located at the URL and that the role passed to CreateModel has permissions to download the object. '
            f'({failure})'
        ) from failure
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
            f'The primary container for production variant {variant} did not pass the ping health check. Please check '
            f'CloudWatch logs for this endpoint. ({told})'
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
