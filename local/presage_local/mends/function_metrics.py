"""Every invocation of a function counts in `AWS/Lambda`, whoever made it.

MiniStack counts what comes over the Invoke API; functions run by Step Functions, rules, topics or an HTTP API run
uncounted, so an alarm on `Errors` never rings for them. Here the count is made where every invocation passes.
"""

from __future__ import annotations

import time
from typing import Any

import ministack.services.cloudwatch as cloudwatch
import ministack.services.lambda_svc as lambda_service


def install() -> None:
    """Count at the execution; leave MiniStack's own count for throttled calls, which never get there."""
    dispatch, emit = lambda_service._execute_function_dispatch, lambda_service._emit_lambda_metrics

    def dispatch_and_count(
        function: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> Any:
        begin = time.perf_counter()
        result = dispatch(function, config, event, request_id, started)
        error = bool(result.get('error')) if isinstance(result, dict) else False
        milliseconds = (time.perf_counter() - begin) * 1000
        emit(config.get('FunctionName', ''), duration_ms=milliseconds, error=error, throttle=False)
        if error:
            cloudwatch._evaluate_all_alarms()
        return result

    def count_throttled(name: str, duration_ms: float, error: bool, throttle: bool) -> None:
        if throttle:
            emit(name, duration_ms=duration_ms, error=error, throttle=throttle)

    lambda_service._execute_function_dispatch = dispatch_and_count
    lambda_service._emit_lambda_metrics = count_throttled
