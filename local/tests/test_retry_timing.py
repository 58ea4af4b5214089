"""Mend `retry_timing`: delays between attempts are those of the definition."""

from __future__ import annotations

import time
from typing import Any

from tests.cloud import Cloud

HOOK = 'mends/retry_timing.py: MiniStack waits between attempts otherwise than the mend expects'
SOURCE = """
export const handler = async () => {
  throw Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
};
"""


def run(cloud: Cloud, retry: dict[str, Any]) -> tuple[float, list[str]]:
    task = {'Type': 'Task', 'Resource': cloud.function(SOURCE), 'Retry': [retry], 'End': True}
    begin = time.monotonic()
    ended = cloud.run(cloud.machine({'StartAt': 'T', 'States': {'T': task}}))
    assert ended['error'] == 'ThrottlingException', HOOK
    return time.monotonic() - begin, [e['type'] for e in cloud.history(ended['executionArn'])]


def test_the_delay_is_capped_by_max_delay_seconds(cloud: Cloud) -> None:
    retry = {'ErrorEquals': ['ThrottlingException'], 'IntervalSeconds': 4, 'BackoffRate': 10, 'MaxAttempts': 2}
    seconds, kinds = run(cloud, {**retry, 'MaxDelaySeconds': 4})
    assert kinds.count('TaskScheduled') == 3, HOOK
    assert 2 <= seconds < 10, HOOK  # a quarter of 4 + 4 seconds; of 4 + 40 without the cap


def test_an_error_that_is_not_named_is_not_retried(cloud: Cloud) -> None:
    seconds, kinds = run(cloud, {'ErrorEquals': ['OtherError'], 'IntervalSeconds': 5})
    assert kinds.count('TaskScheduled') == 1
    assert seconds < 4
