"""The history of an execution tells about the states inside Parallel and Map.

MiniStack records only the states of the outermost level, without `previousEventId`; on AWS a branch's states, the
start and end of Parallel and Map states and of each iteration are events too, and a timed-out task is `TaskTimedOut`.
A timeline of a run needs them. Branches of a Parallel state also share one context object in MiniStack, so
`$$.State.Name` can be a sibling's; here each branch has its own.
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import ministack.services.stepfunctions as stepfunctions

from . import execution_control

_previous: contextvars.ContextVar[int] = contextvars.ContextVar('presage_previous_event', default=0)
_map_state: contextvars.ContextVar[str] = contextvars.ContextVar('presage_map_state', default='')
_lock = threading.Lock()

Execution = dict[str, Any]
Context = dict[str, Any]


def _run_states(states: dict[str, Any], start: str, data: Any, execution: Execution, context: Context) -> Any:
    """A branch or an iteration: its states one after the other, each with its events."""
    context = dict(context)
    name: str | None = start
    value = copy.deepcopy(data)
    with _iteration(execution, context):
        while name:
            scope = execution_control.current()
            if scope is not None:
                scope.check()
            value, name = _run_state(name, states, value, execution, context)
    return value


def _run_state(
    name: str, states: dict[str, Any], value: Any, execution: Execution, context: Context
) -> tuple[Any, str | None]:
    state = states.get(name)
    if state is None:
        raise stepfunctions._ExecutionError('States.Runtime', f"State '{name}' not found")
    kind = state.get('Type')
    context['State'] = {'Name': name, 'EnteredTime': stepfunctions.now_iso(), 'RetryCount': 0}
    entered = {'name': name, 'input': json.dumps(value)}
    stepfunctions._add_event(execution, f'{kind}StateEntered', {'stateEnteredEventDetails': entered})
    following: str | None
    if kind == 'Fail':
        raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, value, context))
    if kind == 'Succeed':
        value = stepfunctions._apply_input_path(state, value, context)
        value, following = stepfunctions._apply_output_path(state, value, context), None
    elif kind in ('Task', 'Parallel', 'Map'):
        execute = getattr(stepfunctions, f'_execute_{kind.lower()}')
        value, following = execute(state, value, execution, context)
    elif kind in ('Pass', 'Choice', 'Wait'):
        value, following = getattr(stepfunctions, f'_execute_{kind.lower()}')(state, value, context)
    else:
        raise stepfunctions._ExecutionError('States.Runtime', f'Unknown state type: {kind}')
    left = {'name': name, 'output': json.dumps(value)}
    stepfunctions._add_event(execution, f'{kind}StateExited', {'stateExitedEventDetails': left})
    return value, following


@contextlib.contextmanager
def _iteration(execution: Execution, context: Context) -> Iterator[None]:
    """Events of a Map's iteration; a failure ends the siblings, unless each child is an execution of its own."""
    name = _map_state.get()
    token = _map_state.set('')
    details = {'name': name, 'index': context['Map']['Item']['Index']} if name else {}

    def tell(word: str) -> None:
        if name:
            key = f'mapIteration{word}EventDetails'
            stepfunctions._add_event(execution, f'MapIteration{word}', {key: details})

    tell('Started')
    try:
        yield
    except stepfunctions._ExecutionError as error:
        tell('Failed')
        scope = execution_control.current()
        if scope is None or execution.get('mapRunArn'):
            raise
        scope.cancel(error)
        assert scope.error is not None
        raise scope.error from error
    finally:
        _map_state.reset(token)
    tell('Succeeded')


def _branching(kind: str, run: Callable[..., Any]) -> Callable[..., Any]:
    """A Parallel or Map attempt in its own scope, with the events of its start and end."""

    def attempt(state: dict[str, Any], value: Any, execution: Execution, context: Context) -> Any:
        name = context['State']['Name']
        token = _map_state.set(name if kind == 'Map' else '')
        stepfunctions._add_event(execution, f'{kind}StateStarted')
        try:
            with execution_control.inner_scope():
                outcome = run(state, value, execution, context)
        except stepfunctions._ExecutionError:
            stepfunctions._add_event(execution, f'{kind}StateFailed')
            raise
        finally:
            _map_state.reset(token)
        stepfunctions._add_event(execution, f'{kind}StateSucceeded')
        return outcome

    return attempt


def install() -> None:
    """Number events under a lock, link them, and run branches with events."""

    def add_event(execution: Execution, kind: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
        failed = (details or {}).get('taskFailedEventDetails')
        if kind == 'TaskFailed' and failed and failed.get('error') == 'States.Timeout':
            kind, details = 'TaskTimedOut', {'taskTimedOutEventDetails': failed}
        with _lock:
            event: dict[str, Any] = original(execution, kind, details)
        event['previousEventId'] = _previous.get()
        _previous.set(event['id'])
        return event

    original = stepfunctions._add_event
    stepfunctions._add_event = add_event
    run = stepfunctions._run_execution

    def run_from_first_event(execution_arn: str) -> None:
        _previous.set(1)
        run(execution_arn)

    stepfunctions._run_execution = run_from_first_event
    stepfunctions._run_sub_machine = _run_states
    stepfunctions._run_parallel_branches = _branching('Parallel', stepfunctions._run_parallel_branches)
    stepfunctions._run_map_items = _branching('Map', stepfunctions._run_map_items)
