"""EventBridge rules, schedules and alarms deliver only where a role or a resource policy lets them.

MiniStack delivers to every target. AWS asks the target's role if it has one; a Lambda function, topic or queue
without a role must name `events.amazonaws.com` in its own policy (a topic's default policy does not), an alarm's topic
`cloudwatch.amazonaws.com`. What cannot be delivered goes to the target's dead-letter queue, or is dropped.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

import ministack.app as app
import ministack.core.iam_evaluator as evaluator
import ministack.services.cloudwatch as cloudwatch
import ministack.services.eventbridge as eventbridge
import ministack.services.lambda_svc as lambda_service
import ministack.services.sns as sns
import ministack.services.sqs as sqs
import ministack.services.stepfunctions as stepfunctions
from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region

from .. import iam

_log = logging.getLogger('presage.deliveries')
_ACTIONS = {
    'states': 'states:StartExecution',
    'lambda': 'lambda:InvokeFunction',
    'sns': 'sns:Publish',
    'sqs': 'sqs:SendMessage',
    'events': 'events:PutEvents',
}
_BY_POLICY = ('lambda', 'sns', 'sqs')
# CloudFormation and CreateTopic give a topic this policy, which speaks of the account's own principals only.
_DEFAULT_TOPIC_POLICY = '__default_policy_ID'


@dataclass
class Refusal:
    """Why a delivery cannot be made, as a dead-letter queue tells it."""

    code: str
    message: str


def service_of(arn: str) -> str:
    """The service in an ARN, '' if it is none."""
    return arn.split(':')[2] if arn.count(':') >= 5 else ''


def exists(arn: str) -> bool:
    """Whether a target is there (services we do not know are taken to be)."""
    found: dict[str, Any] = {
        'states': lambda: stepfunctions._resolve_state_machine_arn(arn),
        'lambda': lambda: lambda_service._get_func_record_for_ref(arn)[0],
        'sns': lambda: sns._topic_by_arn_any_scope(arn),
        'sqs': lambda: sqs._queue_by_arn(arn),
    }
    look = found.get(service_of(arn))
    return look is None or bool(look())


def policy_allows(arn: str, principal: str, source: str) -> bool:
    """Whether the resource policy of a function, topic or queue lets a service act for a source."""
    service = service_of(arn)
    if service == 'sqs':
        return bool(sqs.queue_policy_allows(arn, principal, source, get_account_id()))
    found = (sns.topic_policy_for_arn if service == 'sns' else lambda_service.function_policy_for_arn)(arn)
    if not found or not found[0]:
        return False
    if service == 'sns' and _DEFAULT_TOPIC_POLICY in str(found[0]):
        return principal == 'cloudwatch.amazonaws.com'
    account = get_account_id()
    question = evaluator.EvalContext(
        principal_arn='*',
        principal_type='Service',
        principal_account='',
        action=_ACTIONS[service],
        resource_arn=arn,
        region=get_region(),
        service_context={'aws:sourcearn': source, 'aws:sourceaccount': account, 'aws:sourceowner': account},
    )
    return bool(evaluator.evaluate_resource_policy(found[0], question, service=principal).decision == 'Allow')


def refusal(target: dict[str, Any], principal: str, source: str) -> Refusal | None:
    """Why a target would not take a delivery, or None."""
    arn, role = target.get('Arn', ''), target.get('RoleArn')
    service = service_of(arn)
    if service not in _ACTIONS:
        return None
    action = _ACTIONS[service]
    if role:
        if not iam.role_trusts(role, principal):
            return Refusal('NO_PERMISSIONS', f'The role {role} does not exist or does not trust {principal}')
        if not iam.role_allows(role, action, arn):
            return Refusal('NO_PERMISSIONS', f'The role {role} is not authorized to perform: {action} on: {arn}')
    elif app.AUTH and service in _BY_POLICY and exists(arn) and not policy_allows(arn, principal, source):
        return Refusal('NO_PERMISSIONS', f'The resource policy of {arn} does not let {principal} perform {action}')
    if not exists(arn):
        return Refusal('RESOURCE_NOT_FOUND', f'The target {arn} does not exist')
    return None


def dead_letter(queue_arn: str, body: str, attributes: dict[str, str]) -> None:
    """Put an undelivered message in a queue."""
    queue = sqs._queue_by_arn(queue_arn)
    if queue is None:
        _log.warning('the dead-letter queue %s does not exist', queue_arn)
        return
    message_attributes = {name: {'DataType': 'String', 'StringValue': text} for name, text in attributes.items()}
    spec = parse_arn(queue_arn)
    eventbridge._dispatch_to_sqs(spec, body, {})
    message = queue['messages'][-1]
    message['message_attributes'] = message_attributes
    message['md5_attrs'] = sqs._md5_msg_attrs(message_attributes)


def install() -> None:
    """Ask before every delivery of a rule or an alarm (schedules have a sweep of their own)."""
    invoke, act = eventbridge._invoke_target, cloudwatch._dispatch_alarm_actions

    def invoke_if_allowed(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> Any:
        why = refusal(target, 'events.amazonaws.com', rule.get('Arn', ''))
        if why is None:
            return invoke(target, event, rule, view)
        _log.warning('rule %s: not delivered to %s: %s', rule.get('Name'), target.get('Arn'), why.message)
        queue = (target.get('DeadLetterConfig') or {}).get('Arn')
        if queue and policy_allows(queue, 'events.amazonaws.com', rule.get('Arn', '')):
            body = json.dumps((view or eventbridge._pattern_event_view(event)).event_with_detail())
            attributes = {'RULE_ARN': rule.get('Arn', ''), 'TARGET_ARN': target.get('Arn', '')}
            dead_letter(queue, body, {**attributes, 'ERROR_CODE': why.code, 'ERROR_MESSAGE': why.message})
        return None

    def act_if_allowed(alarm: dict[str, Any], old: str, new: str, reason: str) -> Any:
        lists = ('AlarmActions', 'OKActions', 'InsufficientDataActions')
        arn = alarm.get('AlarmArn', '')

        def allowed(topic: str) -> bool:
            if service_of(topic) != 'sns' or policy_allows(topic, 'cloudwatch.amazonaws.com', arn):
                return True
            _log.warning('alarm %s: the policy of %s does not allow it', alarm.get('AlarmName'), topic)
            return False

        act({**alarm, **{k: [a for a in alarm.get(k) or [] if allowed(a)] for k in lists}}, old, new, reason)

    invoke_if_allowed.__wrapped__ = invoke  # type: ignore[attr-defined]  # for schedules, which ask by themselves
    eventbridge._invoke_target = invoke_if_allowed
    cloudwatch._dispatch_alarm_actions = act_if_allowed
