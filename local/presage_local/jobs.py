"""Work that outlives the request that started it: a thread, child processes in their own group, a record that follows.

`start_job` is all a service calls. What is running can be stopped by the service's Stop operation (`job_of(record)`)
and is stopped when the server ends.
"""

from __future__ import annotations

import contextvars
import logging
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from . import processes
from .settings import now, state_dir
from .store import JOB, Record

_log = logging.getLogger('presage.jobs')
_running: dict[int, Job] = {}
_lock = threading.Lock()
_current: contextvars.ContextVar[Job | None] = contextvars.ContextVar('presage_job', default=None)
KEPT_FAILED = 5  # folders of failed jobs kept a kind, for the person who looks why
REASON_LENGTH = 1024  # AWS's limit for FailureReason and its like


class JobStopped(Exception):
    """Raised by work that notices it was told to stop."""


class Job:
    """A piece of running work, handed to the function that does it."""

    def __init__(self, record: MutableMapping[str, Any]) -> None:
        self.record = record
        self.stopped = False
        self.folders: list[Path] = []
        self.thread: threading.Thread | None = None
        self._children: list[subprocess.Popen[Any]] = []
        self._lock = threading.Lock()

    def run(self, args: list[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> int:
        """Run a child process to its end and return its exit code (negative: the signal that ended it).

        `env` is added to a small base (PATH, HOME, TMPDIR, language, time zone UTC): no credentials and no AWS
        variables of the server reach the child unless `role_env` put them there. Output of both streams is appended
        to `log`. JobStopped if the job was told to stop before.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open('ab') as output:
            with self._lock:
                if self.stopped:
                    raise JobStopped('stopped')
                child = processes.spawn(
                    args, env={**base_env(), **env}, cwd=cwd, stdout=output, stderr=subprocess.STDOUT
                )
                self._children.append(child)
            try:
                return child.wait()
            finally:
                processes.forget(child)
                with self._lock:
                    self._children.remove(child)

    def stop(self) -> None:
        """End the children now; the work function sees `stopped` and its child's negative exit code."""
        with self._lock:
            self.stopped = True
            children = list(self._children)
        for child in children:
            processes.end(child)

    def check(self) -> None:
        """JobStopped if the job was told to stop: for work done in this process between two children."""
        if self.stopped:
            raise JobStopped('stopped')


def base_env() -> dict[str, str]:
    """The environment every child starts from."""
    names = ('PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'SYSTEMROOT', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH')
    return {name: os.environ[name] for name in names if name in os.environ} | {'TZ': 'UTC'}


def start_job(
    record: Record,
    work: Callable[[Job], None],
    *,
    field: str,
    running: str,
    done: str,
    failed: str,
    reason_field: str,
    stopped: str = '',
) -> Job:
    """Run `work(job)` in a thread with the caller's account and region; `record[field]` follows it.

    `running` is set at once. At the end, unless something else set the field meanwhile: `done`; or, after an
    exception, `failed` with its text in `record[reason_field]`. If the job was stopped, `stopped` is set whatever the
    field says (give it if the Stop operation leaves a word like `Stopping` behind). `LastModifiedTime` is set where
    the record has one. A record still running when the server ends is failed at the next start.
    """
    job = Job(record)
    record[field] = running
    record[JOB] = {'field': field, 'failed': failed, 'reason_field': reason_field}
    with _lock:
        _running[id(record)] = job

    def follow() -> None:
        _current.set(job)
        error: Exception | None = None
        try:
            work(job)
        except Exception as caught:
            error = caught
            if not (job.stopped or isinstance(caught, JobStopped)):
                _log.warning('a job failed', exc_info=True)
        with _lock:
            _running.pop(id(record), None)
        if _ending.is_set():
            return  # the marker stays: the next start fails the record
        if job.stopped and stopped:
            record[field] = stopped
        elif record.get(field) == running:
            if error is not None:
                record[reason_field] = (str(error) or type(error).__name__)[:REASON_LENGTH]
            record[field] = failed if error is not None else done
        if 'LastModifiedTime' in record:
            record['LastModifiedTime'] = now()
        record.pop(JOB, None)
        for folder in job.folders:
            if error is None or job.stopped:
                shutil.rmtree(folder, ignore_errors=True)

    job.thread = threading.Thread(target=contextvars.copy_context().run, args=(follow,), daemon=True, name='job')
    job.thread.start()
    return job


def job_of(record: Record) -> Job | None:
    """The running job of a record, or None if it has ended."""
    with _lock:
        return _running.get(id(record))


def work_dir(kind: str, identity: str) -> Path:
    """A fresh folder for a job's files. Inside `work` it is removed when the job ends, unless the job failed."""
    folder = state_dir() / 'work' / kind / identity
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    job = _current.get()
    if job is not None:
        job.folders.append(folder)
    busy = {path for other in list(_running.values()) for path in other.folders} | {folder}
    left = sorted((p for p in folder.parent.iterdir() if p not in busy), key=lambda p: p.stat().st_mtime)
    for old in left[:-KEPT_FAILED]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


_ending = threading.Event()


def running_jobs() -> int:
    """How many jobs are running."""
    with _lock:
        return len(_running)


def stop_all() -> None:
    """End every job; called when the server stops. Their records are failed at the next start."""
    _ending.set()
    with _lock:
        jobs = list(_running.values())
    stoppers = [threading.Thread(target=job.stop, daemon=True) for job in jobs]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join(3)
