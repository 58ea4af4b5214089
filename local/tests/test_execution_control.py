"""Mend `execution_control`: executions end when AWS would end them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.cloud import Cloud, wait_for

HOOK = 'mends/execution_control.py: MiniStack runs executions otherwise than the mend expects'
WAIT = {'Type': 'Wait', 'Seconds': 30, 'Next': 'After'}
WAITING = {'StartAt': 'Wait', 'States': {'Wait': WAIT, 'After': {'Type': 'Pass', 'End': True}}}


def start(cloud: Cloud, definition: dict[str, Any]) -> str:
    machine = cloud.machine(definition)
    arn: str = cloud.client('stepfunctions').start_execution(stateMachineArn=machine)['executionArn']
    entered = f'{definition["States"][definition["StartAt"]]["Type"]}StateEntered'
    wait_for(lambda: True if entered in [e['type'] for e in cloud.history(arn)] else None)
    return arn


def test_a_stopped_execution_is_aborted_and_no_further_state_starts(cloud: Cloud) -> None:
    arn = start(cloud, WAITING)
    cloud.client('stepfunctions').stop_execution(executionArn=arn, error='Operator', cause='by hand')
    ended = cloud.ended(arn, 2)
    assert (ended['status'], ended['error'], ended['cause']) == ('ABORTED', 'Operator', 'by hand'), HOOK
    time.sleep(0.3)
    kinds = [event['type'] for event in cloud.history(arn)]
    assert kinds == ['ExecutionStarted', 'WaitStateEntered', 'ExecutionAborted'], HOOK


def test_stopping_ends_the_branches_of_a_parallel_state_too(cloud: Cloud) -> None:
    branch = {
        'StartAt': 'W',
        'States': {'W': {'Type': 'Wait', 'Seconds': 1, 'Next': 'P'}, 'P': {'Type': 'Pass', 'End': True}},
    }
    definition = {
        'StartAt': 'Both',
        'States': {'Both': {'Type': 'Parallel', 'Branches': [branch, branch], 'End': True}},
    }
    arn = start(cloud, definition)
    cloud.client('stepfunctions').stop_execution(executionArn=arn)
    time.sleep(1.5)
    assert 'PassStateEntered' not in [event['type'] for event in cloud.history(arn)], HOOK
    assert cloud.ended(arn)['status'] == 'ABORTED'


def test_the_machines_timeout_ends_the_execution(cloud: Cloud) -> None:
    begin = time.monotonic()
    ended = cloud.run(cloud.machine({**WAITING, 'TimeoutSeconds': 1}))
    assert ended['status'] == 'TIMED_OUT', HOOK
    assert time.monotonic() - begin < 4
    assert cloud.history(ended['executionArn'])[-1]['type'] == 'ExecutionTimedOut'


def test_a_failing_branch_ends_its_siblings_and_gives_its_own_error(cloud: Cloud) -> None:
    slow = {'StartAt': 'Slow', 'States': {'Slow': {'Type': 'Wait', 'Seconds': 30, 'End': True}}}
    bad = {'StartAt': 'Bad', 'States': {'Bad': {'Type': 'Fail', 'Error': 'BadRows', 'Cause': 'c'}}}
    catch = [{'ErrorEquals': ['BadRows'], 'ResultPath': '$.why', 'Next': 'Told'}]
    parallel = {'Type': 'Parallel', 'Branches': [slow, bad], 'Catch': catch, 'End': True}
    told = {'Type': 'Pass', 'End': True}
    begin = time.monotonic()
    ended = cloud.run(cloud.machine({'StartAt': 'Both', 'States': {'Both': parallel, 'Told': told}}))
    assert ended['status'] == 'SUCCEEDED', HOOK
    assert json.loads(ended['output'])['why']['Error'] == 'BadRows'
    assert time.monotonic() - begin < 5, HOOK


def test_a_failing_item_of_a_map_ends_the_others(cloud: Cloud) -> None:
    choice = {'Type': 'Choice', 'Choices': [{'Variable': '$', 'NumericEquals': 2, 'Next': 'Bad'}], 'Default': 'Slow'}
    states = {
        'Which': choice,
        'Bad': {'Type': 'Fail', 'Error': 'BadItem'},
        'Slow': {'Type': 'Wait', 'Seconds': 30, 'End': True},
    }
    items = {'Type': 'Map', 'ItemProcessor': {'StartAt': 'Which', 'States': states}, 'MaxConcurrency': 2, 'End': True}
    begin = time.monotonic()
    ended = cloud.run(cloud.machine({'StartAt': 'Each', 'States': {'Each': items}}), [1, 2, 3])
    assert ended['error'] == 'BadItem', HOOK
    assert time.monotonic() - begin < 5, HOOK


@pytest.mark.parametrize('timeout', [{'TimeoutSeconds': 1}, {'TimeoutSecondsPath': '$.seconds'}])
def test_a_tasks_timeout_fails_it_while_its_function_goes_on(cloud: Cloud, timeout: dict[str, Any]) -> None:
    function = cloud.function('export const handler = () => new Promise((done) => setTimeout(done, 8000));')
    task = {'Type': 'Task', 'Resource': function, **timeout, 'End': True}
    begin = time.monotonic()
    ended = cloud.run(cloud.machine({'StartAt': 'T', 'States': {'T': task}}), {'seconds': 1})
    assert ended['error'] == 'States.Timeout', HOOK
    assert time.monotonic() - begin < 5
    assert 'TaskTimedOut' in [event['type'] for event in cloud.history(ended['executionArn'])]


def test_starting_a_running_execution_again_answers_it_and_other_input_is_refused(cloud: Cloud) -> None:
    states, machine = cloud.client('stepfunctions'), cloud.machine(WAITING)
    first = states.start_execution(stateMachineArn=machine, name='day-1', input='{"a":1}')
    again = states.start_execution(stateMachineArn=machine, name='day-1', input='{"a":1}')
    assert again['executionArn'] == first['executionArn'], HOOK
    assert again['startDate'] == first['startDate']
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name='day-1', input='{"a":2}')
    states.stop_execution(executionArn=first['executionArn'])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name='day-1', input='{"a":1}')
