"""`MaxDelaySeconds` and `JitterStrategy` of a Retry are followed, and long delays are whole.

MiniStack ignores both fields and never waits longer than 60 seconds between attempts; AWS caps the delay at
MaxDelaySeconds, draws it from 0 to the delay with `FULL` jitter, and waits as long as the definition says.
"""

from __future__ import annotations

import random
from typing import Any

import ministack.services.stepfunctions as stepfunctions

from . import execution_control


def delay(retrier: dict[str, Any], attempt: int) -> float:
    """Seconds to wait before a retry; `attempt` counts the retries made so far."""
    seconds: float = retrier.get('IntervalSeconds', 1) * retrier.get('BackoffRate', 2.0) ** attempt
    seconds = min(seconds, retrier.get('MaxDelaySeconds', 31_622_400))
    return random.uniform(0, seconds) if retrier.get('JitterStrategy') == 'FULL' else seconds


def install() -> None:
    """Wait here, where the retrier is chosen, and tell MiniStack to wait no more."""
    find = stepfunctions._find_matching_retrier

    def find_and_wait(
        retriers: list[dict[str, Any]], error: str, counts: dict[int, int]
    ) -> tuple[dict[str, Any] | None, int]:
        retrier, index = find(retriers, error, counts)
        if retrier is None or execution_control.current() is None:
            return retrier, index
        stepfunctions._scaled_sleep(delay(retrier, counts.get(index, 0)))
        return {**retrier, 'IntervalSeconds': 0}, index

    stepfunctions._find_matching_retrier = find_and_wait
