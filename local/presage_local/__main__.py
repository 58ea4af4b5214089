"""`python -m presage_local --state DIR [--port N]`: the local cloud as a process.

Prints one line of JSON when it is ready and nothing else on stdout; what MiniStack says goes to DIR/cloud.log. Ends
on SIGTERM, SIGINT and at the end of its stdin (so a killed parent leaves nothing behind).

Exit codes: 0 stopped as asked, 3 the port or the state folder is in use, 4 the state folder cannot be used.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from .environment import prepare
from .folder import FolderError, StateFolder

IN_USE, NO_FOLDER = 3, 4


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', port))
    listener.listen(256)
    return listener


def main(argv: list[str] | None = None) -> int:
    """Run until asked to stop; the exit code."""
    parser = argparse.ArgumentParser(prog='presage_local', description='The local cloud')
    parser.add_argument('--state', required=True, type=Path, help='the folder that keeps its data between starts')
    parser.add_argument('--port', type=int, default=0, help='0 (default): any free port')
    options = parser.parse_args(argv)
    try:
        folder = StateFolder(options.state)
    except FolderError as error:
        print(f'presage_local: {error}', file=sys.stderr)
        return IN_USE if error.in_use else NO_FOLDER
    try:
        listener = _listen(options.port)
    except OSError as error:
        print(
            f'presage_local: port {options.port} on 127.0.0.1 cannot be used ({error.strerror}); '
            'stop what uses it, or leave --port away to take a free one',
            file=sys.stderr,
        )
        folder.release()
        return IN_USE
    prepare(folder.path, listener.getsockname()[1])

    from .server import serve  # imports MiniStack, which reads the environment prepared above

    return serve(folder, listener)


if __name__ == '__main__':
    code = main()
    sys.stdout.flush()
    os._exit(code)  # worker threads of MiniStack may sleep for minutes; everything is saved and ended by now
