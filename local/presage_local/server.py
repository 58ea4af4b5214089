"""The server process from start to end: MiniStack with its mends and our services, one ready line, a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import stat
import sys
import threading
import time
import urllib.request
from typing import TextIO

import ministack.app as app
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from . import jobs, mends, processes, services, store
from .environment import ACCOUNT, region
from .folder import StateFolder
from .health import with_health

NO_FOLDER = 4
_WATCH_SECONDS = 1.0
_LOG_BYTES = 5_000_000  # a longer log of earlier runs is put aside when a server starts
# After this the process ends whatever still holds on. Saving takes a second, on a busy machine many more, and a state
# that is saved by half is of no use: stacks would be deployed whose machines are gone.
_STOP_SECONDS = 60
_log = logging.getLogger('presage')


class _Server:
    def __init__(self, folder: StateFolder, listener: socket.socket) -> None:
        self.folder = folder
        self.listener = listener
        self.port: int = listener.getsockname()[1]
        self.exit_code = 0
        self.out, self.err = _take_streams(folder)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._stopping = threading.Event()

    def run(self) -> int:
        mends.install_all()
        mounted = services.mount_all()
        _log.info('services of our own: %s', ', '.join(mounted) or 'none')
        _raise_file_limit()
        asyncio.run(self._serve())
        self._finish()
        return self.exit_code

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        for what in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(what, self.stop)
        for target in (self._announce, self._watch_folder, self._watch_stdin):
            threading.Thread(target=target, daemon=True, name=target.__name__).start()
        config = Config()
        config.bind = [f'fd://{self.listener.fileno()}']
        config.keep_alive_timeout = 75
        config.graceful_timeout = 0.5
        config.shutdown_timeout = _STOP_SECONDS
        config.accesslog = None
        await hypercorn_serve(with_health(app.app), config, shutdown_trigger=self._stop.wait)

    def stop(self, exit_code: int = 0, reason: str = '') -> None:
        """End the server; safe from any thread, the first call counts."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.exit_code = exit_code
        if reason:
            print(f'presage_local: {reason}', file=self.err, flush=True)
        threading.Thread(target=self._end_at_latest, daemon=True).start()
        threading.Thread(target=self._end_work, daemon=True).start()

    def _end_work(self) -> None:
        if self.folder.lost():
            # MiniStack would make the folder anew to save its state; nobody wants half a state.
            self.exit_code = NO_FOLDER
            app.save_all = lambda _states: None
        # Children first: their requests would keep the server's connections open.
        jobs.stop_all()
        processes.end_all()
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)

    def _finish(self) -> None:
        """MiniStack saved its own state while its lifespan ended; now ours."""
        self._stopping.set()
        jobs.stop_all()
        processes.end_all()
        if self.exit_code != NO_FOLDER:
            store.save_all()
        self.folder.release()

    def _end_at_latest(self) -> None:
        time.sleep(_STOP_SECONDS)
        _log.error('the server did not stop in time')
        processes.end_all(0.1)
        os._exit(self.exit_code or 1)

    def _announce(self) -> None:
        url = f'http://127.0.0.1:{self.port}'
        while not self._stopping.is_set():
            with contextlib.suppress(OSError), urllib.request.urlopen(f'{url}/_presage/health', timeout=5):
                break
            time.sleep(0.02)
        line = {
            'ready': True,
            'endpoint': url,
            'port': self.port,
            'pid': os.getpid(),
            'region': region(),
            'account': ACCOUNT,
            'outbox': str(self.folder.path / 'outbox'),
            'log': str(self.folder.path / 'cloud.log'),
        }
        with contextlib.suppress(OSError):
            print(json.dumps(line), file=self.out, flush=True)

    def _watch_folder(self) -> None:
        while not self._stopping.wait(_WATCH_SECONDS):
            why = self.folder.lost()
            if why:
                self.stop(NO_FOLDER, f'the state folder {self.folder.path} is gone or cannot be written: {why}')

    def _watch_stdin(self) -> None:
        """A parent that started us with a pipe is dead when the pipe ends. A terminal or /dev/null says nothing."""
        try:
            mode = os.fstat(0).st_mode
        except OSError:
            return
        if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
            return
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        self.stop()


def _take_streams(folder: StateFolder) -> tuple[TextIO, TextIO]:
    """Send everything printed from here on to the log; return the real stdout and stderr."""
    out = os.fdopen(os.dup(1), 'w')
    err = os.fdopen(os.dup(2), 'w')
    file = folder.path / 'cloud.log'
    if file.exists() and file.stat().st_size > _LOG_BYTES:
        file.replace(file.with_suffix('.old.log'))
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    return out, err


def _raise_file_limit() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def serve(folder: StateFolder, listener: socket.socket) -> int:
    """Serve until stopped; the process's exit code."""
    server = _Server(folder, listener)
    try:
        return server.run()
    except Exception as error:
        _log.exception('the local cloud could not start or ended')
        print(
            f'presage_local: {type(error).__name__}: {error} (more in {folder.path / "cloud.log"})',
            file=server.err,
            flush=True,
        )
        processes.end_all()
        return 1
