"""EventBridge Scheduler: time zones, the scheduled time in the input, roles, dead-letter queues, SDK targets.

MiniStack reads every cron in UTC, passes `<aws.scheduler.scheduled-time>` on as text, asks no role, knows no
dead-letter queue and no `aws-sdk` target. AWS reads the cron in the schedule's time zone (a run's date comes from the
scheduled time, never from the clock), acts as the target's role, and puts what could not be delivered in the queue.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import ministack.services.eventbridge as eventbridge
import ministack.services.scheduler as scheduler
import ministack.services.stepfunctions as stepfunctions
from ministack.core.responses import new_uuid, request_scope

from .. import iam
from . import deliveries, machine_role

SWEEP_SECONDS = 2.0
PRINCIPAL = 'scheduler.amazonaws.com'
_log = logging.getLogger('presage.schedules')
_deliver = eventbridge._invoke_target
Schedule = dict[str, Any]


def due_time(schedule: Schedule, last: float, now: float) -> float | None:
    """When a schedule should have fired after `last` and not after `now`; None: not yet (or no such expression)."""
    expression = schedule.get('ScheduleExpression', '')
    zone = ZoneInfo(schedule.get('ScheduleExpressionTimezone') or 'UTC')
    if expression.startswith('at('):
        moment = datetime.fromisoformat(expression[3:].rstrip(') ')).replace(tzinfo=zone).timestamp()
        return moment if last < moment <= now else None
    interval = eventbridge._parse_rate_seconds(expression)
    if interval is not None:
        return last + interval if last + interval <= now else None
    fields = eventbridge._parse_cron_fields(expression)
    if fields is None:
        return None
    following = eventbridge._cron_next_fire(fields, datetime.fromtimestamp(last, zone))
    return following.timestamp() if following is not None and following.timestamp() <= now else None


def fill(text: str, schedule: Schedule, at: float) -> str:
    """The target's input with Scheduler's context attributes filled in."""
    words = {
        'scheduled-time': datetime.fromtimestamp(at, UTC).strftime('%Y-%m-%dT%H:%M:%SZ'),
        'schedule-arn': schedule.get('Arn', ''),
        'execution-id': new_uuid(),
        'attempt-number': '1',
    }
    for name, value in words.items():
        text = text.replace(f'<aws.scheduler.{name}>', value)
    return text


def fire(schedule: Schedule, at: float) -> None:
    """Deliver one occurrence, as the target's role; what cannot be delivered goes to the dead-letter queue."""
    target = dict(schedule.get('Target') or {})
    role = target.get('RoleArn', '')
    event = {
        'EventId': new_uuid(),
        'Source': 'aws.scheduler',
        'DetailType': 'Scheduled Event',
        'Detail': '{}',
        'Time': at,
        'Resources': [schedule.get('Arn', '')],
    }
    if target.get('Input'):
        target['Input'] = fill(target['Input'], schedule, at)
    if ':aws-sdk:' in target.get('Arn', ''):
        why = _call_sdk(target, role)
    else:
        why = deliveries.refusal(target, PRINCIPAL, schedule.get('Arn', ''))
        if why is None:
            _deliver(target, event, schedule)
    if why is None:
        return
    _log.warning('schedule %s: not delivered: %s', schedule.get('Name'), why.message)
    queue = (target.get('DeadLetterConfig') or {}).get('Arn')
    if queue and iam.role_allows(role, 'sqs:SendMessage', queue):
        attributes = {
            'ERROR_CODE': why.code,
            'ERROR_MESSAGE': why.message,
            'RETRY_ATTEMPTS': '0',
            'SCHEDULED_TIME': datetime.fromtimestamp(at, UTC).strftime('%Y-%m-%dT%H:%M:%SZ'),
            'SCHEDULE_ARN': schedule.get('Arn', ''),
            'TARGET_ARN': target.get('Arn', ''),
        }
        deliveries.dead_letter(queue, target.get('Input') or '{}', attributes)


def _call_sdk(target: dict[str, Any], role: str) -> deliveries.Refusal | None:
    """A universal target: `arn:aws:scheduler:::aws-sdk:sfn:startExecution` with the call's parameters as input."""
    service, operation = target['Arn'].split(':')[6:8]
    resource = f'arn:aws:states:::aws-sdk:{service}:{operation}'
    try:
        parameters = json.loads(target.get('Input') or '{}')
        if not iam.role_trusts(role, PRINCIPAL):
            return deliveries.Refusal('AccessDeniedException', f'{role} does not exist or does not trust {PRINCIPAL}')
        action, arn = machine_role.permission(resource, parameters)
        if not iam.role_allows(role, action, arn):
            return deliveries.Refusal('AccessDeniedException', f'{role} is not authorized to perform {action} on {arn}')
        stepfunctions._invoke_aws_sdk_integration(resource, parameters)
    except ValueError as error:
        return deliveries.Refusal('SerializationException', str(error))
    except stepfunctions._ExecutionError as error:
        return deliveries.Refusal(error.error, str(error.cause))
    return None


def sweep(now: float | None = None) -> None:
    """Fire what is due. A schedule never fires for a time before it was made or changed, or before this start."""
    now = time.time() if now is None else now
    for key, schedule in list(scheduler._schedules._data.items()):
        account, region, _name = key
        last = scheduler._schedule_last_fired.setdefault(key, max(_started, schedule.get('LastModificationDate', now)))
        start, end = (scheduler._to_epoch(schedule.get(name)) for name in ('StartDate', 'EndDate'))
        if schedule.get('State') != 'ENABLED' or (start and now < start) or (end and now > end):
            scheduler._schedule_last_fired[key] = now
            continue
        last = max(last, schedule.get('LastModificationDate', 0))
        at = due_time(schedule, last, now)
        if at is None:
            continue
        scheduler._schedule_last_fired[key] = at
        with request_scope(account, region):
            fire(schedule, at)
        once = schedule.get('ScheduleExpression', '').startswith('at(')
        if once and schedule.get('ActionAfterCompletion') == 'DELETE':
            scheduler._schedules._data.pop(key, None)


_started = time.time()


def _run() -> None:
    while True:
        time.sleep(SWEEP_SECONDS)
        try:
            sweep()
        except Exception:
            _log.exception('the schedules could not be swept')


def install() -> None:
    """Take the place of MiniStack's sweep."""
    global _deliver
    _deliver = eventbridge._invoke_target.__wrapped__  # what deliveries.py put its own check around
    scheduler.start_scheduler = lambda: threading.Thread(target=_run, daemon=True, name='schedules').start()
