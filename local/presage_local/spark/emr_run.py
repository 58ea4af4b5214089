"""The life of a cluster: its steps in order, what a failed step does to the rest, its logs, its end."""

from __future__ import annotations

import gzip
import logging
import threading
import time
from pathlib import Path
from typing import Any

from .. import processes
from ..service import Job, JobStopped, job_of, now, role_env, s3_as, work_dir
from ..store import JOB
from .emr_requests import read_submit

ENDED = ('TERMINATED', 'TERMINATED_WITH_ERRORS')
_log = logging.getLogger('presage.emr')
_runs: dict[str, ClusterRun] = {}


def run_of(cluster: str) -> ClusterRun | None:
    """The thread of a cluster that has not ended."""
    return _runs.get(cluster)


class ClusterRun:
    """Runs one cluster to its end. Every state AWS shows is set here; `start_job` only starts and stops it."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        self._event = threading.Event()
        _runs[record['Id']] = self

    def wake(self) -> None:
        """There is something new: a step, or a request to end."""
        self._event.set()

    def run(self, job: Job) -> None:
        """The cluster's thread."""
        try:
            self._live(job)
        except JobStopped:
            self._finish('TERMINATED', 'USER_REQUEST', 'Terminated by user request')
        except Exception as error:
            _log.exception('cluster %s', self.record['Id'])
            self._finish('TERMINATED_WITH_ERRORS', 'INTERNAL_ERROR', f'{type(error).__name__}: {error}')
        finally:
            _runs.pop(self.record['Id'], None)

    def _live(self, job: Job) -> None:
        if self.record['_no_spot']:
            self._no_capacity()
            return
        self._state(job, 'BOOTSTRAPPING')
        self._state(job, 'RUNNING')
        self.record['Status']['Timeline']['ReadyDateTime'] = now()
        while True:
            job.check()
            step = next((s for s in self.record['_steps'] if s['Status']['State'] == 'PENDING'), None)
            if step is not None:
                self._state(job, 'RUNNING')
                if not self._step(job, step) and not self._after_failure(step):
                    return
            elif self.record['AutoTerminate']:
                failed = any(s['Status']['State'] == 'FAILED' for s in self.record['_steps'])
                message = 'Steps completed with errors' if failed else 'Steps completed'
                self._finish('TERMINATED', 'ALL_STEPS_COMPLETED', message)
                return
            elif not self._wait(job):
                self._finish('TERMINATED', 'USER_REQUEST', 'Cluster ended by its auto-termination policy')
                return

    def _state(self, job: Job, state: str) -> None:
        job.check()
        self.record['Status']['State'] = state

    def _no_capacity(self) -> None:
        if self.record['InstanceCollectionType'] == 'INSTANCE_FLEET':
            message = 'Spot capacity could not be provisioned for the instance fleet within its timeout'
            self._finish('TERMINATED_WITH_ERRORS', 'INSTANCE_FLEET_TIMEOUT', message)
        else:
            message = 'Insufficient capacity: there is no Spot capacity available that matches your request'
            self._finish('TERMINATED_WITH_ERRORS', 'VALIDATION_ERROR', message)

    def _wait(self, job: Job) -> bool:
        """Wait for a step. False if the cluster was idle for as long as its policy allows."""
        self._state(job, 'WAITING')
        idle = (self.record.get('AutoTerminationPolicy') or {}).get('IdleTimeout')
        woken = self._event.wait(idle)
        self._event.clear()
        job.check()
        return woken

    def _step(self, job: Job, step: dict[str, Any]) -> bool:
        """Run one step; whether it completed or was cancelled."""
        from .launch import ScriptFailed, run_script

        status = step['Status']
        status['State'] = 'RUNNING'
        status['Timeline']['StartDateTime'] = now()
        folder = work_dir('emr', f'{self.record["Id"]}-{step["Id"]}')
        log = folder / 'stderr'
        role = role_env(self.record['_role'], f'emr-{step["Id"]}')
        submit = read_submit(step['Config']['Args'])
        try:
            run_script(
                job,
                script=submit.script,
                arguments=submit.arguments,
                role=role,
                folder=folder,
                log=log,
                py_files=submit.py_files,
                conf=submit.conf,
            )
            state, message = 'COMPLETED', ''
        except ScriptFailed as error:
            state, message = ('CANCELLED', '') if status.get('_cancel') else ('FAILED', str(error))
        except JobStopped:
            self._end_step(step, 'CANCELLED')
            raise
        if message and not log.exists():
            log.write_text(f'{message}\n')
        where = self._write_log(role, step, log)
        if state == 'FAILED':
            status['FailureDetails'] = {'Reason': 'Unknown Error.', 'Message': message, 'LogFile': where}
        self._end_step(step, state)
        return state != 'FAILED'

    def _end_step(self, step: dict[str, Any], state: str) -> None:
        step['Status']['Timeline']['EndDateTime'] = now()
        step['Status'].pop(JOB, None)
        step['Status']['State'] = state

    def _after_failure(self, step: dict[str, Any]) -> bool:
        """Whether the cluster goes on after a failed step."""
        action = step['ActionOnFailure']
        if action == 'CONTINUE':
            return True
        self._cancel_pending()
        if action == 'CANCEL_AND_WAIT':
            return True
        self._finish('TERMINATED_WITH_ERRORS', 'STEP_FAILURE', f'Shut down as step failed: {step["Name"]}')
        return False

    def _cancel_pending(self) -> None:
        for step in self.record['_steps']:
            if step['Status']['State'] == 'PENDING':
                self._end_step(step, 'CANCELLED')

    def _finish(self, state: str, code: str, message: str) -> None:
        status = self.record['Status']
        status['State'] = 'TERMINATING'
        self._cancel_pending()
        status['StateChangeReason'] = {'Code': code, 'Message': message}
        status['Timeline']['EndDateTime'] = now()
        status['State'] = state

    def _write_log(self, role: dict[str, str], step: dict[str, Any], log: Path) -> str:
        """The step's log under LogUri, written as the instance role as on AWS; where it is or would be."""
        uri = (self.record.get('LogUri') or '').replace('s3n://', 's3://').rstrip('/')
        if not uri:
            return ''
        where = f'{uri}/{self.record["Id"]}/steps/{step["Id"]}/stderr.gz'
        bucket, _, key = where.removeprefix('s3://').partition('/')
        s3: Any = s3_as(role)
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(log.read_bytes()))
        except Exception as error:
            # On AWS too a node that may not write its logs loses them silently.
            _log.warning('the log of step %s was not written to %s: %s', step['Id'], where, error)
        return where


def cancel_step(record: dict[str, Any], step: dict[str, Any]) -> str:
    """Cancel a pending or running step; why not, or nothing."""
    status = step['Status']
    if status['State'] == 'PENDING':
        status['State'] = 'CANCELLED'
        status['Timeline']['EndDateTime'] = now()
        status.pop(JOB, None)
        return ''
    if status['State'] != 'RUNNING':
        return f'Cannot cancel a step in the state {status["State"]}'
    job = job_of(record['Status'])
    if job is None:
        return 'The cluster has ended'
    status['_cancel'] = True
    for child in list(job._children):  # only this step's process: the cluster goes on
        threading.Thread(target=processes.end, args=(child,), daemon=True).start()
    deadline = time.monotonic() + 1
    while status['State'] == 'RUNNING' and time.monotonic() < deadline:
        time.sleep(0.02)
    return ''
