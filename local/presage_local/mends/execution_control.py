"""Executions end when AWS would end them: stopped, timed out, or because a sibling branch failed.

MiniStack marks a stopped execution ABORTED but lets the running state, and whole Parallel branches, go on; it ignores
a state machine's `TimeoutSeconds` and a task's `TimeoutSecondsPath`; a Parallel or Map state waits for all branches
after one has failed; a second StartExecution with the same name and input is always refused. On AWS waits end at once,
no further state starts, the machine's timeout gives TIMED_OUT with its event, siblings of a failed branch are stopped,
and the repeated start of a running execution answers the running one.

Each execution, and each Parallel or Map state in it, is a `Scope` that can be cancelled; waits and tasks listen to it.
A Lambda function that is running goes on to its end, as on AWS; its result is ignored.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import ministack.services.stepfunctions as stepfunctions


class _Unmatchable(str):
    """The name of an error no Retry and no Catch matches, not even States.ALL."""


class Scope:
    """What can be cancelled together: an execution, or the branches of one state."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.error: Exception | None = None
        self._lock = threading.Lock()
        self._listeners: set[queue.SimpleQueue[Any]] = set()
        self._inner: set[Scope] = set()
        if outer is not None:
            with outer._lock:
                outer._inner.add(self)
                error = outer.error
            if error is not None:
                self.cancel(error)

    def cancel(self, error: Exception) -> None:
        """End everything in the scope; the first error counts."""
        with self._lock:
            if self.error is not None:
                return
            self.error = error
            listeners, inner = list(self._listeners), list(self._inner)
        for listener in listeners:
            listener.put(_CANCELLED)
        for scope in inner:
            scope.cancel(error)

    def leave(self) -> None:
        """The scope's work is over."""
        if self.outer is not None:
            with self.outer._lock:
                self.outer._inner.discard(self)

    def check(self) -> None:
        """Raise if the scope was cancelled: an error that only the end of the scope turns into what happened."""
        if self.error is not None:
            raise stepfunctions._ExecutionError(_Unmatchable('States.Cancelled'), 'The execution was stopped')

    def receive(self, mailbox: queue.SimpleQueue[Any], seconds: float | None) -> Any:
        """Wait for something in the mailbox; raises when the scope is cancelled, `queue.Empty` after `seconds`."""
        with self._lock:
            self._listeners.add(mailbox)
        try:
            self.check()
            answer = mailbox.get(timeout=seconds)
            if answer is _CANCELLED:
                self.check()
            return answer
        finally:
            with self._lock:
                self._listeners.discard(mailbox)


_CANCELLED = object()
_STOPPED = stepfunctions._ExecutionError(_Unmatchable('States.Cancelled'), 'The execution was stopped')
_current: contextvars.ContextVar[Scope | None] = contextvars.ContextVar('presage_scope', default=None)
_executions: dict[str, Scope] = {}


def current() -> Scope | None:
    """The scope of the state being run in this thread."""
    return _current.get()


@contextlib.contextmanager
def inner_scope() -> Iterator[None]:
    """Run the branches of one state in a scope of their own."""
    scope = Scope(_current.get())
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)
        scope.leave()


def _sleep(seconds: float) -> None:
    scaled = seconds * stepfunctions._SFN_WAIT_SCALE
    scope = _current.get()
    if scope is None:
        time.sleep(max(0.0, scaled))
    elif scaled > 0:
        with contextlib.suppress(queue.Empty):
            scope.receive(queue.SimpleQueue(), scaled)


def _call(work: Callable[[], Any], seconds: float | None) -> Any:
    """Do a task's work; States.Timeout after `seconds`, an end at once when the scope is cancelled."""
    scope = _current.get() or Scope()
    mailbox: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def do() -> None:
        try:
            mailbox.put((work(), None))
        except BaseException as error:
            mailbox.put((None, error))

    threading.Thread(target=contextvars.copy_context().run, args=(do,), daemon=True, name='task').start()
    try:
        result, error = scope.receive(mailbox, seconds)
    except queue.Empty:
        raise stepfunctions._ExecutionError('States.Timeout', f'Task timed out after {seconds} seconds') from None
    if error is not None:
        raise error
    return result


def _expire(execution: dict[str, Any]) -> None:
    if execution['status'] == 'RUNNING':
        execution.update(status='TIMED_OUT', stopDate=stepfunctions.now_iso())
        stepfunctions._add_event(execution, 'ExecutionTimedOut', {'executionTimedOutEventDetails': {}})
        stepfunctions._emit_execution_status_event(execution)


def _timeout_of(execution: dict[str, Any]) -> float | None:
    machine = stepfunctions._state_machines.get(execution['stateMachineArn'])
    try:
        return json.loads(machine['definition']).get('TimeoutSeconds') if machine else None
    except ValueError:
        return None


def install() -> None:
    """Put scopes around executions and branches, and let everything that waits listen to them."""
    run, emit, add_event, fail = (
        stepfunctions._run_execution,
        stepfunctions._emit_execution_status_event,
        stepfunctions._add_event,
        stepfunctions._fail_execution,
    )
    execute, invoke, callback, matches, start = (
        stepfunctions._execute_task,
        stepfunctions._invoke_resource,
        stepfunctions._invoke_with_callback,
        stepfunctions._error_matches,
        stepfunctions._start_execution,
    )

    def run_in_scope(execution_arn: str) -> None:
        execution = stepfunctions._executions.get(execution_arn)
        if execution is None:
            return
        scope = _executions[execution_arn] = Scope()
        token = _current.set(scope)
        seconds = _timeout_of(execution)
        timer = None
        if seconds:
            timer = threading.Timer(seconds, contextvars.copy_context().run, (_expire, execution))
            timer.daemon = True
            timer.start()
        try:
            run(execution_arn)
        finally:
            if timer is not None:
                timer.cancel()
            _current.reset(token)
            _executions.pop(execution_arn, None)

    def emit_and_cancel(execution: dict[str, Any]) -> None:
        scope = _executions.get(execution['executionArn'])
        if scope is not None and execution['status'] in ('ABORTED', 'TIMED_OUT'):
            scope.cancel(_STOPPED)
        emit(execution)

    def add_while_running(
        execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        scope = _current.get()
        over = execution['status'] != 'RUNNING' or (scope is not None and scope.error is not None)
        if over and not kind.startswith('Execution'):
            return {'id': 0, 'type': kind}
        event: dict[str, Any] = add_event(execution, kind, details)
        return event

    def fail_if_running(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution['status'] != 'RUNNING':
            return
        fail(execution, error, cause)
        if not execution.get('sync'):
            execution['output'] = None  # only what succeeded has an output; MiniStack writes the error there too

    def execute_with_timeout(state: dict[str, Any], value: Any, execution: dict[str, Any], context: Any) -> Any:
        path = state.get('TimeoutSecondsPath')
        if path:
            effective = stepfunctions._apply_input_path(state, value, context)
            seconds = stepfunctions._resolve_path_or_ctx(path, effective, context)
            state = {**state, 'TimeoutSeconds': seconds}
        return execute(state, value, execution, context)

    def start_once(request: dict[str, Any]) -> Any:
        answer = start(request)
        if answer[0] != 400 or b'ExecutionAlreadyExists' not in answer[2]:
            return answer
        arn = json.loads(answer[2])['message'].split("'")[1]
        running = stepfunctions._executions.get(arn) or {}
        if running.get('status') == 'RUNNING' and running.get('input') == request.get('input', '{}'):
            return stepfunctions.json_response({'executionArn': arn, 'startDate': running['startDate']})
        return answer

    stepfunctions._run_execution = run_in_scope
    stepfunctions._emit_execution_status_event = emit_and_cancel
    stepfunctions._add_event = add_while_running
    stepfunctions._fail_execution = fail_if_running
    stepfunctions._start_execution = start_once
    stepfunctions._execute_task = execute_with_timeout
    stepfunctions._scaled_sleep = _sleep
    stepfunctions._error_matches = lambda names, error: not isinstance(error, _Unmatchable) and matches(names, error)
    stepfunctions._invoke_resource = lambda resource, data: _call(lambda: invoke(resource, data), None)
    stepfunctions._invoke_with_callback = lambda *args: _call(lambda: callback(*args), None)
    stepfunctions._invoke_resource_with_timeout = lambda resource, data, seconds: _call(
        lambda: invoke(resource, data), seconds
    )
