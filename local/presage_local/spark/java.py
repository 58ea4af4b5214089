"""Java for Spark jobs, kept from one job to the next.

Most of a small job's time is Java getting warm: it loads Spark's classes and interprets before it compiles. A Java that
has run a job runs the next one in half the time. It serves one job at a time, and is kept only if the job left nothing
of itself: it ended on its own, stopped its Spark and was small. What else a job could leave, its settings, is replaced;
its credentials are given to its own processes only.

The job's Python connects to it as it would to the Java that spark-submit starts for a PySpark script.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import processes
from ..jobs import Job, base_env
from ..settings import state_dir
from . import archive, settings

# Between two jobs of a run it is needed again; after that its memory is worth more.
IDLE_SECONDS = 60.0
_START_SECONDS = 60.0
_OURS = 'spark.'

_lock = threading.Lock()
_kept: Java | None = None


class JavaFailed(Exception):
    """Java did not start; the text is the last line it said."""


class Java:
    """One Java process with Spark's gateway: `await_start`, then `serve` a job, then, unless it is `clean`, `end`."""

    def __init__(self) -> None:
        parent = state_dir() / 'work' / 'java'
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(dir=parent))
        self.log = self.folder / 'log'
        self._where = self.folder / 'gateway'
        self._port, self._secret = 0, ''
        environment = {
            **base_env(),
            **settings.java_environment(self.folder, settings.of_java(archive.use())),
            '_PYSPARK_DRIVER_CONN_INFO_PATH': str(self._where),
        }
        arguments = shlex.split(environment.pop('PYSPARK_SUBMIT_ARGS'))
        with self.log.open('ab') as log:
            # Its standard input stays open as long as it is to live.
            self.child: subprocess.Popen[bytes] = processes.spawn(
                [settings.spark_submit(), *arguments],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.kept = 0.0
        self._ended = False

    def await_start(self, job: Job) -> None:
        """Until the gateway can be called. JavaFailed, or JobStopped if the job was told to stop meanwhile."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._where.exists():
            job.check()
            if self.child.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors='replace').strip().splitlines()
                raise JavaFailed(f'Java for Spark did not start: {said[-1] if said else "it said nothing"}')
            time.sleep(0.02)
        # As PythonGatewayServer writes it: the port, the secret's length, the secret; renamed to its name when whole.
        told = self._where.read_bytes()
        self._port = int.from_bytes(told[:4], 'big')
        self._secret = told[8:].decode()

    def serve(self, properties: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
        """Make it the job's: its settings, its Python workers' environment. The variables that lead the job here."""
        workers = {f'spark.executorEnv.{name}': value for name, value in environment.items()}
        with self._called() as jvm:
            system = jvm.java.lang.System
            for name in list(system.getProperties().stringPropertyNames()):
                if name.startswith(_OURS):
                    system.clearProperty(name)
            for name, value in {**properties, **workers}.items():
                system.setProperty(name, value)
        return {'PYSPARK_GATEWAY_PORT': str(self._port), 'PYSPARK_GATEWAY_SECRET': self._secret}

    def clean(self) -> bool:
        """Whether no Spark is left in it."""
        if self._ended or not self._port:
            return False
        with contextlib.suppress(Exception), self._called() as jvm:
            return jvm.org.apache.spark.SparkEnv.get() is None
        return False

    def said(self) -> bytes:
        """What it has written since it was asked last."""
        text = self.log.read_bytes()
        with self.log.open('r+b') as file:
            file.truncate(0)
        return text

    @contextlib.contextmanager
    def _called(self) -> Iterator[Any]:
        from py4j.clientserver import ClientServer, JavaParameters, PythonParameters

        client = ClientServer(
            JavaParameters(port=self._port, auth_token=self._secret, auto_convert=True),
            PythonParameters(port=0, eager_load=False),
        )
        try:
            yield client.jvm
        finally:
            client.close()

    def end(self) -> None:
        """End it and all that it started."""
        if self._ended:
            return
        self._ended = True
        processes.end(self.child)
        assert self.child.stdin is not None
        with contextlib.suppress(OSError):
            self.child.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def lent() -> Iterator[Java]:
    """A Java for one job: the one that was kept, or a new one that starts now. Kept again if no Spark is left in it."""
    java = _take() or Java()
    try:
        yield java
    finally:
        if java.clean():
            _keep(java)
        else:
            java.end()


def _take() -> Java | None:
    global _kept
    with _lock:
        java, _kept = _kept, None
    if java is None or java.child.poll() is None:
        return java
    java.end()
    return None


def _keep(java: Java) -> None:
    global _kept
    java.kept = time.monotonic()
    with _lock:
        other, _kept = _kept, java
    if other is not None:
        other.end()
    idle = threading.Timer(IDLE_SECONDS, _end_if_unused, [java, java.kept])
    idle.daemon = True
    idle.start()


def _end_if_unused(java: Java, since: float) -> None:
    global _kept
    with _lock:
        if _kept is not java or java.kept != since:
            return
        _kept = None
    java.end()
