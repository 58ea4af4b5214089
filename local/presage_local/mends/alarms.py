"""Alarms look at their own metric, every period, missing data, and the clock.

MiniStack mixes all dimensions of a metric, looks at all periods as one, ignores TreatMissingData and looks only when
a metric arrives. AWS evaluates the alarm's own dimensions period by period, also when nothing arrives.
"""

from __future__ import annotations

import logging
import operator
import threading
import time
from typing import Any

import ministack.services.cloudwatch as cloudwatch
from ministack.core.responses import request_scope

EVERY_SECONDS = 5.0
_log = logging.getLogger('presage.alarms')
_COMPARE = {
    'GreaterThanOrEqualToThreshold': operator.ge,
    'GreaterThanThreshold': operator.gt,
    'LessThanThreshold': operator.lt,
    'LessThanOrEqualToThreshold': operator.le,
}
_MISSING = {'breaching': True, 'notBreaching': False}


def state_of(alarm: dict[str, Any], points: list[dict[str, Any]], now: float) -> tuple[str, str]:
    """The state an alarm should be in and why, from its metric's points."""
    period, periods = alarm.get('Period') or 60, alarm.get('EvaluationPeriods') or 1
    statistic = alarm.get('ExtendedStatistic') or alarm.get('Statistic') or 'Average'
    missing = alarm.get('TreatMissingData') or 'missing'
    breaches: list[bool] = []
    for index in range(periods):
        window = [p for p in points if now - period * (index + 1) < p['Timestamp'] <= now - period * index]
        value = cloudwatch._stat_value(cloudwatch._calc_stats(window), statistic, window) if window else None
        if value is not None:
            breaches.append(_COMPARE[alarm['ComparisonOperator']](value, alarm['Threshold']))
        elif missing in _MISSING:
            breaches.append(_MISSING[missing])
    rule = f'{statistic} of {alarm["MetricName"]} {alarm["ComparisonOperator"]} {alarm["Threshold"]}'
    reason = f'{sum(breaches)} of the last {periods} periods of {period} seconds breach: {rule}'
    if not breaches:
        return (alarm['StateValue'] if missing == 'ignore' else 'INSUFFICIENT_DATA'), reason
    return ('ALARM' if sum(breaches) >= (alarm.get('DatapointsToAlarm') or periods) else 'OK'), reason


def _evaluate(alarm: dict[str, Any]) -> None:
    if not alarm.get('MetricName') or alarm.get('ComparisonOperator') not in _COMPARE:
        return
    dimensions = {d['Name']: d['Value'] for d in alarm.get('Dimensions') or []}
    key = (alarm['Namespace'], alarm['MetricName'], cloudwatch._dims_key(dimensions))
    old, now = alarm['StateValue'], time.time()
    new, reason = state_of(alarm, list(cloudwatch._metrics.get(key) or []), now)
    if new == old:
        return
    alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(now))
    cloudwatch._record_history(alarm['AlarmName'], old, new, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _watch() -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        for (account, region, _name), alarm in list(cloudwatch._alarms._data.items()):
            try:
                with request_scope(account, region):
                    _evaluate(alarm)
            except Exception:
                _log.exception('alarm %s', alarm.get('AlarmName'))


def install() -> None:
    """Replace the evaluation and let time pass for it."""
    cloudwatch._evaluate_alarm = _evaluate
    threading.Thread(target=_watch, daemon=True, name='alarms').start()
