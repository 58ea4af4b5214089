"""Lambda environments end with the server, and so does whatever they started; idle ones end soon.

MiniStack starts each execution environment in the server's own process group and leaves it behind when the server is
killed. On AWS nothing outlives an environment. Here each environment leads its own group and is watched by
`presage_local.processes`, which ends the whole group with the environment or with the server.

MiniStack also keeps one environment of every function for ever: 50 MB each, some gigabytes beside a training job when
a pipeline has forty functions. AWS ends them at will; here after a minute without work.
"""

from __future__ import annotations

import subprocess
import threading
import time
from types import SimpleNamespace
from typing import Any

import ministack.core.lambda_runtime as lambda_runtime

from .. import processes

IDLE_SECONDS = 60.0
_EVERY_SECONDS = 10.0


def end_idle(older_than: float) -> int:
    """End the environments that have not worked for so many seconds; how many there were."""
    limit = time.time() - older_than
    idle = []
    with lambda_runtime._lock:
        for key, workers in list(lambda_runtime._workers.items()):
            resting = [worker for worker in workers if not worker.in_use and worker.last_used < limit]
            idle += resting
            left = [worker for worker in workers if worker not in resting]
            if left:
                lambda_runtime._workers[key] = left
            else:
                del lambda_runtime._workers[key]
    lambda_runtime.kill_workers(idle)
    return len(idle)


def _sweep() -> None:
    while True:
        time.sleep(_EVERY_SECONDS)
        end_idle(IDLE_SECONDS)


def install() -> None:
    """Replace `Popen` as the module sees it, and make its reaping reach the group."""

    def popen(*args: Any, **options: Any) -> subprocess.Popen[Any]:
        return processes.start(lambda: subprocess.Popen(*args, **{**options, 'start_new_session': True}))

    lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), 'Popen': popen})
    collect = lambda_runtime._collect

    def collect_group(child: subprocess.Popen[Any] | None, deadline: float) -> None:
        collect(child, deadline)
        if child is not None:
            processes.forget(child)

    lambda_runtime._collect = collect_group
    threading.Thread(target=_sweep, daemon=True, name='idle environments').start()
