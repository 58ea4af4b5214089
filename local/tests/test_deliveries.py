"""Mend `deliveries`: rules and alarms deliver only where a policy lets them."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from tests.cloud import Cloud, allow, policy, wait_for

HOOK = 'mends/deliveries.py: MiniStack delivers otherwise than the mend expects'


def rule(cloud: Cloud, target: dict[str, Any]) -> tuple[str, str]:
    """A rule for events of a source of its own; (source, rule's ARN)."""
    events, source = cloud.client('events'), f'test.{uuid.uuid4().hex[:8]}'
    arn = events.put_rule(Name=source, EventPattern=json.dumps({'source': [source]}))['RuleArn']
    events.put_targets(Rule=source, Targets=[{'Id': 'a', **target}])
    return source, arn


def send(cloud: Cloud, source: str) -> None:
    entry = {'Source': source, 'DetailType': 't', 'Detail': '{"a": 1}'}
    cloud.client('events').put_events(Entries=[entry])


def queue(cloud: Cloud) -> tuple[str, str]:
    """(URL, ARN) of a new queue."""
    sqs = cloud.client('sqs')
    url = sqs.create_queue(QueueName=f'q-{uuid.uuid4().hex[:8]}')['QueueUrl']
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']


def let(cloud: Cloud, url: str, arn: str, principal: str, source: str) -> None:
    statement = {
        **allow('sqs:SendMessage', arn),
        'Principal': {'Service': principal},
        'Condition': {'ArnEquals': {'aws:SourceArn': source}},
    }
    cloud.client('sqs').set_queue_attributes(QueueUrl=url, Attributes={'Policy': policy(statement)})


def received(cloud: Cloud, url: str) -> list[dict[str, Any]]:
    answer = cloud.client('sqs').receive_message(QueueUrl=url, MessageAttributeNames=['All'], MaxNumberOfMessages=10)
    return answer.get('Messages', [])


def test_a_queue_gets_events_only_when_its_policy_names_the_rule(cloud: Cloud) -> None:
    url, arn = queue(cloud)
    source, rule_arn = rule(cloud, {'Arn': arn})
    send(cloud, source)
    time.sleep(0.3)
    assert not received(cloud, url), HOOK
    let(cloud, url, arn, 'events.amazonaws.com', rule_arn)
    send(cloud, source)
    assert wait_for(lambda: received(cloud, url) or None), HOOK


def test_a_topics_default_policy_does_not_let_rules_publish(cloud: Cloud) -> None:
    sns = cloud.client('sns')
    topic = sns.create_topic(Name=f't-{uuid.uuid4().hex[:8]}')['TopicArn']
    sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='a@example.com')
    source, _ = rule(cloud, {'Arn': topic})
    send(cloud, source)
    time.sleep(0.3)
    assert not [path for path in cloud.outbox.glob('*.eml') if topic in path.read_text()], HOOK
    statement = {**allow('sns:Publish', topic), 'Principal': {'Service': 'events.amazonaws.com'}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName='Policy', AttributeValue=policy(statement))
    send(cloud, source)
    assert wait_for(lambda: [p for p in cloud.outbox.glob('*.eml') if topic in p.read_text()] or None), HOOK


def test_a_state_machine_is_started_by_the_targets_role(cloud: Cloud) -> None:
    machine = cloud.machine({'StartAt': 'P', 'States': {'P': {'Type': 'Pass', 'End': True}}})
    states = cloud.client('stepfunctions')
    bad, _ = rule(cloud, {'Arn': machine, 'RoleArn': cloud.role('events.amazonaws.com')})
    send(cloud, bad)
    time.sleep(0.3)
    assert not states.list_executions(stateMachineArn=machine)['executions'], HOOK
    role = cloud.role('events.amazonaws.com', allow('states:StartExecution', machine))
    good, _ = rule(cloud, {'Arn': machine, 'RoleArn': role})
    send(cloud, good)
    assert wait_for(lambda: states.list_executions(stateMachineArn=machine)['executions'] or None), HOOK


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(cloud: Cloud) -> None:
    url, arn = queue(cloud)
    function = cloud.function('export const handler = async () => 1;')
    source, rule_arn = rule(cloud, {'Arn': function, 'DeadLetterConfig': {'Arn': arn}})
    let(cloud, url, arn, 'events.amazonaws.com', rule_arn)
    send(cloud, source)
    message = wait_for(lambda: received(cloud, url) or None)[0]
    assert json.loads(message['Body'])['detail'] == {'a': 1}
    assert message['MessageAttributes']['ERROR_CODE']['StringValue'] == 'NO_PERMISSIONS', HOOK
