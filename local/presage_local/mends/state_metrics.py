"""Executions show in the metrics of `AWS/States`.

MiniStack publishes none; on AWS alarms watch `ExecutionsFailed`, `ExecutionsTimedOut` and their like by
`StateMachineArn`.
"""

from __future__ import annotations

from typing import Any

import ministack.services.cloudwatch as cloudwatch
import ministack.services.stepfunctions as stepfunctions

_NAMES = {
    'RUNNING': 'ExecutionsStarted',
    'SUCCEEDED': 'ExecutionsSucceeded',
    'FAILED': 'ExecutionsFailed',
    'TIMED_OUT': 'ExecutionsTimedOut',
    'ABORTED': 'ExecutionsAborted',
}


def install() -> None:
    """Count each change of status."""
    emit = stepfunctions._emit_execution_status_event

    def count_and_emit(execution: dict[str, Any]) -> None:
        dimensions = {'StateMachineArn': execution['stateMachineArn']}
        name = _NAMES.get(execution['status'])
        if name:
            cloudwatch.record_metric('AWS/States', name, 1, 'Count', dimensions)
        cloudwatch._evaluate_all_alarms()
        emit(execution)

    stepfunctions._emit_execution_status_event = count_and_emit
