"""Mend `mail`: what SNS would send by mail is a file a person can open."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

from tests.cloud import Cloud, wait_for

HOOK = 'mends/mail.py: MiniStack fans out otherwise than the mend expects'


def mails(cloud: Cloud, topic: str) -> list[Path]:
    return sorted(path for path in cloud.outbox.glob('*.eml') if topic in path.read_text())


def test_each_subscriber_gets_a_file_with_recipient_subject_date_and_text(cloud: Cloud) -> None:
    sns = cloud.client('sns')
    topic = sns.create_topic(Name='mail-test')['TopicArn']
    for address in ('ops@example.com', 'data@example.com'):
        sns.subscribe(TopicArn=topic, Protocol='email', Endpoint=address)
    sns.publish(TopicArn=topic, Subject='Run failed', Message='Step: check sources\nDer Müll ist voll')
    written = wait_for(lambda: found if len(found := mails(cloud, topic)) == 2 else None)
    read = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in written]
    assert sorted(mail['To'] for mail in read) == ['data@example.com', 'ops@example.com'], HOOK
    assert {mail['Subject'] for mail in read} == {'Run failed'}
    assert all(mail['Date'] for mail in read)
    assert 'Der Müll ist voll' in written[0].read_text()


def test_a_filter_policy_keeps_a_mail_back(cloud: Cloud) -> None:
    sns = cloud.client('sns')
    topic = sns.create_topic(Name='mail-filter')['TopicArn']
    policy = {'FilterPolicy': '{"kind": ["failed"]}'}
    sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='a@example.com', Attributes=policy)
    kind = {'DataType': 'String', 'StringValue': 'ok'}
    sns.publish(TopicArn=topic, Message='no', MessageAttributes={'kind': kind})
    sns.publish(TopicArn=topic, Message='yes', MessageAttributes={'kind': {**kind, 'StringValue': 'failed'}})
    written = wait_for(lambda: mails(cloud, topic) or None)
    assert len(written) == 1, HOOK
    assert 'yes' in written[0].read_text()
