"""Metrics a function prints (embedded metric format) become metrics.

MiniStack keeps the lines as logs only; CloudWatch reads every line with an `_aws` member and stores what it describes.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import ministack.services.cloudwatch as cloudwatch
import ministack.services.lambda_svc as lambda_service

_log = logging.getLogger('presage.metrics')


def metrics_of(line: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    """(namespace, name, value, unit, dimensions) of every metric in a line of a log; none if it holds none."""
    if '"_aws"' not in line:
        return
    try:
        entry = json.loads(line[line.index('{') :])
        for directive in entry['_aws']['CloudWatchMetrics']:
            for names in directive.get('Dimensions') or [[]]:
                dimensions = {name: str(entry[name]) for name in names}
                for metric in directive['Metrics']:
                    values = entry[metric['Name']]
                    for value in values if isinstance(values, list) else [values]:
                        unit = metric.get('Unit', 'None')
                        yield directive['Namespace'], metric['Name'], float(value), unit, dimensions
    except (ValueError, KeyError, TypeError):
        _log.warning('not a metric: %s', line[:300])


def install() -> None:
    """Read the lines where MiniStack stores a function's log."""
    emit = lambda_service._emit_lambda_logs

    def read_and_emit(function: dict[str, Any], request_id: str, text: str, *args: Any, **options: Any) -> Any:
        found = False
        for line in (text or '').splitlines():
            for metric in metrics_of(line):
                cloudwatch.record_metric(*metric)
                found = True
        if found:
            cloudwatch._evaluate_all_alarms()
        return emit(function, request_id, text, *args, **options)

    lambda_service._emit_lambda_logs = read_and_emit
