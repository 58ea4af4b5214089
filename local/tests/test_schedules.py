"""Mend `schedules`: EventBridge Scheduler's time zone, scheduled time, role, dead-letter queue and SDK targets."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cloud import Cloud, allow, wait_for
from tests.test_deliveries import queue, received

HOOK = 'mends/schedules.py: MiniStack keeps or fires schedules otherwise than the mend expects'


@pytest.fixture(scope='module')
def machine(cloud: Cloud) -> str:
    return cloud.machine({'StartAt': 'P', 'States': {'P': {'Type': 'Pass', 'End': True}}})


def schedule(cloud: Cloud, target: dict[str, Any]) -> str:
    """A schedule for two seconds from now, written as wall time in Tokyo; its time in UTC."""
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    cloud.client('scheduler').create_schedule(
        Name=f's-{uuid.uuid4().hex[:8]}',
        ScheduleExpression=f'at({at.astimezone(ZoneInfo("Asia/Tokyo")):%Y-%m-%dT%H:%M:%S})',
        ScheduleExpressionTimezone='Asia/Tokyo',
        FlexibleTimeWindow={'Mode': 'OFF'},
        Target=target,
    )
    return f'{at:%Y-%m-%dT%H:%M:%SZ}'


def test_the_machine_is_started_with_the_scheduled_time(cloud: Cloud, machine: str) -> None:
    role = cloud.role('scheduler.amazonaws.com', allow('states:StartExecution', machine))
    at = schedule(cloud, {'Arn': machine, 'RoleArn': role, 'Input': '{"at": "<aws.scheduler.scheduled-time>"}'})
    states = cloud.client('stepfunctions')
    started = wait_for(lambda: states.list_executions(stateMachineArn=machine)['executions'] or None, 12)
    execution = states.describe_execution(executionArn=started[0]['executionArn'])
    assert json.loads(execution['input']) == {'at': at}, HOOK


def test_a_role_without_permission_sends_the_input_to_the_dead_letter_queue(cloud: Cloud, machine: str) -> None:
    url, arn = queue(cloud)
    role = cloud.role('scheduler.amazonaws.com', allow('sqs:SendMessage', arn))
    at = schedule(cloud, {'Arn': machine, 'RoleArn': role, 'Input': '{"a":1}', 'DeadLetterConfig': {'Arn': arn}})
    message = wait_for(lambda: received(cloud, url) or None, 12)[0]
    assert message['Body'] == '{"a":1}', HOOK
    attributes = {name: value['StringValue'] for name, value in message['MessageAttributes'].items()}
    assert attributes['ERROR_CODE'] == 'NO_PERMISSIONS'
    assert (attributes['TARGET_ARN'], attributes['SCHEDULED_TIME']) == (machine, at)


def test_an_sdk_target_is_called_with_its_parameters(cloud: Cloud, machine: str) -> None:
    role = cloud.role('scheduler.amazonaws.com', allow('states:StartExecution', machine))
    call = {'StateMachineArn': machine, 'Name': 'day-<aws.scheduler.attempt-number>', 'Input': '{}'}
    arn = 'arn:aws:scheduler:::aws-sdk:sfn:startExecution'
    schedule(cloud, {'Arn': arn, 'RoleArn': role, 'Input': json.dumps(call)})
    states = cloud.client('stepfunctions')

    def named() -> bool | None:
        found = states.list_executions(stateMachineArn=machine)['executions']
        return True if 'day-1' in [execution['name'] for execution in found] else None

    assert wait_for(named, 12), HOOK


@pytest.mark.parametrize(
    ('expression', 'zone', 'last', 'expected'),
    [
        ('cron(30 3 * * ? *)', 'Europe/Berlin', '2026-06-10T00:00:00', '2026-06-10T01:30:00'),
        ('cron(30 3 * * ? *)', 'Europe/Berlin', '2026-12-10T00:00:00', '2026-12-10T02:30:00'),
        ('cron(0 6 ? * MON *)', 'UTC', '2026-06-10T00:00:00', '2026-06-15T06:00:00'),
        ('rate(2 hours)', 'UTC', '2026-06-10T00:00:00', '2026-06-10T02:00:00'),
        ('at(2026-06-10T09:00:00)', 'Asia/Tokyo', '2026-06-09T00:00:00', '2026-06-10T00:00:00'),
    ],
)
def test_a_schedule_is_due_at_its_own_wall_time(expression: str, zone: str, last: str, expected: str) -> None:
    from presage_local.mends.schedules import due_time

    def epoch(text: str) -> float:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

    record = {'ScheduleExpression': expression, 'ScheduleExpressionTimezone': zone}
    assert due_time(record, epoch(last), epoch(expected) - 1) is None
    assert due_time(record, epoch(last), epoch(expected) + 60) == epoch(expected), HOOK
