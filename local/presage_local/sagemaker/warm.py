"""Warm containers of endpoints: one process each, started when it is needed, ended when nobody has called for a while.

Nothing here knows the API: a `Launch` says how to start a process, a `WarmModel` keeps one and asks it.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import processes
from . import child
from .containers import Reply
from .wire import Closed, Wire

# AWS gives a serverless container three minutes to start and a call 60 seconds, its start included.
START_SECONDS = 180.0
CALL_SECONDS = 60.0
_IDLE_VARIABLE = 'PRESAGE_LOCAL_ENDPOINT_IDLE_SECONDS'
_IDLE_SECONDS = 600.0


class StartFailure(Exception):
    """The container did not start; the text says why."""


class Throttled(Exception):
    """More calls at once than MaxConcurrency."""


class TookTooLong(Exception):
    """The container did not answer in time; it was ended."""


class Died(Exception):
    """The container ended while it was to answer."""


class Replaced(Exception):
    """Another model answers in the place of this one, or none: look again."""


@dataclass(frozen=True)
class Launch:
    """How to start a container: its specification (JSON text), a folder of its own, its environment.

    `stage(folder)` brings the files of the model into the folder, or raises StartFailure. `kept_log` is where the log
    stays if the container does not start; the folder goes with the process.
    """

    spec: str
    folder: Path
    env: dict[str, str]
    stage: Callable[[Path], None]
    kept_log: Path


class _Process:
    def __init__(self, launch: Launch, deadline: float) -> None:
        self.folder = launch.folder
        self.folder.mkdir(parents=True)
        try:
            launch.stage(self.folder)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        child.write(self.folder / child.SPEC, launch.spec)
        command = [sys.executable, '-m', f'{__package__}.endpoint_process', str(self.folder)]
        ours, theirs = socket.socketpair()
        self.wire = Wire(ours)
        with theirs, (self.folder / child.LOG).open('ab') as log:
            self.child: subprocess.Popen[bytes] = processes.spawn(
                command, env=launch.env, cwd=self.folder, stdin=theirs.fileno(), stdout=log
            )
        try:
            said, _ = self.wire.receive(deadline)
            failure = said.get('failed', '')
        except TimeoutError:
            failure = 'The container did not start in time.'
        except Closed:
            failure = f'The process of the container ended with exit code {self.child.poll()}.'
        if failure:
            with contextlib.suppress(OSError):
                shutil.copy(self.folder / child.LOG, launch.kept_log)
            self.end()
            raise StartFailure(f'{failure} Its log: {launch.kept_log}')

    def ask(self, body: bytes, content_type: str, accept: str, deadline: float) -> Reply:
        self.wire.send({'content_type': content_type, 'accept': accept}, body, deadline)
        head, answer = self.wire.receive(deadline)
        return Reply(head['status'], head['content_type'], answer)

    def alive(self) -> bool:
        return self.child.poll() is None

    def end(self) -> None:
        self.wire.close()
        processes.end(self.child)
        shutil.rmtree(self.folder, ignore_errors=True)


class WarmModel:
    """One model behind one endpoint. Calls are answered one after the other, by the process that is there or a new one.

    `launch()` gives each start its folder and fresh credentials; `limit` is the variant's MaxConcurrency.
    """

    def __init__(self, launch: Callable[[], Launch], limit: int) -> None:
        self.launch, self.limit = launch, limit
        self.used = time.monotonic()
        self._process: _Process | None = None
        self._busy = threading.Lock()
        self._counting = threading.Lock()
        self._calls = 0
        self._ended = False

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start the process if it is not there. StartFailure says why it could not."""
        with self._busy:
            self._started(time.monotonic() + seconds)

    def ask(self, body: bytes, content_type: str, accept: str, seconds: float = CALL_SECONDS) -> Reply:
        """The container's answer. Raises Throttled, StartFailure, TookTooLong, Died, Replaced."""
        deadline = time.monotonic() + seconds
        with self._counting:
            if self._calls >= self.limit:
                raise Throttled
            self._calls += 1
        try:
            if not self._busy.acquire(timeout=seconds):
                raise TookTooLong
            try:
                return self._asked(body, content_type, accept, deadline)
            finally:
                self.used = time.monotonic()
                self._busy.release()
        finally:
            with self._counting:
                self._calls -= 1

    def _started(self, deadline: float) -> _Process:
        if self._ended:
            raise Replaced
        if self._process is not None and not self._process.alive():
            self._drop()
        if self._process is None:
            self._process = _Process(self.launch(), deadline)
        return self._process

    def _asked(self, body: bytes, content_type: str, accept: str, deadline: float) -> Reply:
        process = self._started(deadline)
        try:
            return process.ask(body, content_type, accept, deadline)
        except TimeoutError:
            self._drop()
            raise TookTooLong from None
        except Closed:
            self._drop()
            raise Died from None

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def running(self) -> int | None:
        """The process's number, or None while there is none."""
        process = self._process
        return process.child.pid if process is not None and process.alive() else None

    def end(self) -> None:
        """End the process, when the calls that wait for it are answered; no new one starts."""
        deadline = time.monotonic() + CALL_SECONDS
        while self._calls and time.monotonic() < deadline:
            time.sleep(0.02)
        with self._busy:
            self._ended = True
            self._drop()

    def end_if_idle(self, seconds: float) -> None:
        """End the process if nobody called for so long; the next call starts another."""
        if time.monotonic() - self.used < seconds or not self._busy.acquire(blocking=False):
            return
        try:
            self._drop()
        finally:
            self._busy.release()


def idle_seconds() -> float:
    """After how long without a call a process is ended."""
    return float(os.environ.get(_IDLE_VARIABLE, _IDLE_SECONDS))
