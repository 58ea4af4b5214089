"""Every child process of the local cloud: its own process group, ended with the group, never left behind.

Two safety nets. `end_all` runs when the server stops. If the server itself is killed, the guard does it: a tiny
process that holds the read end of a pipe, is told of every group that starts or ends, and kills what is left when the
pipe closes. PR_SET_PDEATHSIG would be simpler but fires when the *thread* that forked ends, reaches only the direct
child (not the Java below a Spark driver) and exists on Linux only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_GUARD = r"""
import os, signal, sys
groups = set()
for line in sys.stdin:
    word = line.strip()
    (groups.discard if word.startswith('-') else groups.add)(int(word.lstrip('-')))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""

_lock = threading.Lock()
_groups: dict[int, subprocess.Popen[Any]] = {}
_guard: subprocess.Popen[bytes] | None = None
_closing = False


def _tell_guard(word: str) -> None:
    global _guard
    if _guard is None:
        _guard = subprocess.Popen(
            [sys.executable, '-I', '-S', '-c', _GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    assert _guard.stdin is not None
    with contextlib.suppress(OSError):
        _guard.stdin.write(f'{word}\n'.encode())
        _guard.stdin.flush()


def spawn(
    args: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | Path | None = None,
    stdin: int | IO[Any] | None = subprocess.DEVNULL,
    stdout: int | IO[Any] | None = subprocess.DEVNULL,
    stderr: int | IO[Any] | None = subprocess.STDOUT,
) -> subprocess.Popen[Any]:
    """Start a child as the leader of its own group. RuntimeError once the server is stopping."""
    return start(
        lambda: subprocess.Popen(
            list(args), env=dict(env), cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )
    )


def start(make: Callable[[], subprocess.Popen[Any]]) -> subprocess.Popen[Any]:
    """Start a child with a function of the caller's, which must make it the leader of a session, and watch it."""
    with _lock:
        if _closing:
            raise RuntimeError('the local cloud is stopping')
        child = make()
        _groups[child.pid] = child
        _tell_guard(str(child.pid))
    return child


def signal_group(child: subprocess.Popen[Any], what: int) -> None:
    """Send a signal to a child and everything it started."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, what)


def end(child: subprocess.Popen[Any], grace: float = 2.0) -> None:
    """Ask the group to end, then insist; afterwards nothing of it is left."""
    if child.poll() is None:
        signal_group(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    forget(child)


def forget(child: subprocess.Popen[Any]) -> None:
    """The child has ended (or is to end now): kill what it left behind in its group and stop watching it."""
    signal_group(child, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(1)
    with _lock:
        if _groups.pop(child.pid, None) is not None:
            _tell_guard(f'-{child.pid}')


def running() -> int:
    """How many children are alive."""
    with _lock:
        return sum(child.poll() is None for child in _groups.values())


def end_all(grace: float = 1.5) -> None:
    """End every child at once, paying the grace period once; no new child starts afterwards."""
    global _closing
    with _lock:
        _closing = True
        children = list(_groups.values())
    for child in children:
        signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + grace
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
    for child in children:
        forget(child)
    if _guard is not None and _guard.stdin is not None:
        with contextlib.suppress(OSError):
            _guard.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            _guard.wait(1)
