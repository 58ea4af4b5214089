"""Lambda environments end with the server, and so does whatever they started.

MiniStack starts each execution environment in the server's own process group and leaves it behind when the server is
killed. On AWS nothing outlives an environment. Here each environment leads its own group and is watched by
`presage_local.processes`, which ends the whole group with the environment or with the server.
"""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import ministack.core.lambda_runtime as lambda_runtime

from .. import processes


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
