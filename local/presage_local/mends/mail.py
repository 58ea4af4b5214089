"""Mails SNS would send are files a person can open.

MiniStack only notes that a mail would go out. Here each confirmed e-mail subscription of a topic gets one file in the
outbox, `<time>-<number>.eml`, which mail programs and text editors open. E-mail subscriptions confirm themselves,
as there is nobody to click the link.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import ministack.services.sns as sns

from ..settings import outbox_dir

SENDER = 'AWS Notifications <no-reply@sns.amazonaws.com>'
_numbers = itertools.count(1)


def write(folder: Path, to: str, topic: str, subject: str, text: str) -> Path:
    """Write one mail; the file appears whole."""
    at = datetime.now(UTC)
    mail = EmailMessage()
    mail['From'] = SENDER
    mail['To'] = to
    # SNS refuses subjects with line breaks; services that publish without one send its own.
    mail['Subject'] = ' '.join((subject or 'AWS Notification Message').split())
    mail['Date'] = format_datetime(at)
    mail['X-Topic'] = topic
    mail.set_content(text, cte='8bit')
    folder.mkdir(parents=True, exist_ok=True)
    name = f'{at:%Y%m%dT%H%M%S.%f}'[:-3] + f'-{next(_numbers):04d}'
    part = folder / f'.{name}.part'
    part.write_bytes(mail.as_bytes())
    return part.replace(folder / f'{name}.eml')


def install() -> None:
    """Write a file for every mail of a fan-out."""
    fan_out = sns._fanout

    def fan_out_with_mail(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        structure: str = '',
        attributes: dict[str, Any] | None = None,
        *args: Any,
        **options: Any,
    ) -> Any:
        topic = sns._topic_by_arn_any_scope(topic_arn) or {}
        for subscription in topic.get('subscriptions', []):
            protocol = subscription.get('protocol', '')
            if not protocol.startswith('email') or not subscription.get('confirmed'):
                continue
            text = sns._resolve_message_for_protocol(message, structure, protocol)
            if sns._matches_filter_policy(subscription, attributes or {}, text):
                write(outbox_dir(), subscription['endpoint'], topic_arn, subject, text)
        return fan_out(topic_arn, message_id, message, subject, structure, attributes, *args, **options)

    sns._fanout = fan_out_with_mail
