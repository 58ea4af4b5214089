"""Mends `state_metrics`, `function_metrics`, `embedded_metrics`, `alarms`: what runs is measured and watched."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from tests.cloud import Cloud, wait_for

HOOK = 'mends/state_metrics.py, embedded_metrics.py, alarms.py: MiniStack keeps metrics otherwise than they expect'
FAILING = {'StartAt': 'F', 'States': {'F': {'Type': 'Fail', 'Error': 'E'}}}


def total(cloud: Cloud, namespace: str, name: str, dimensions: dict[str, str]) -> float:
    end = time.time() + 60
    points = cloud.client('cloudwatch').get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{'Name': k, 'Value': v} for k, v in dimensions.items()],
        StartTime=end - 600,
        EndTime=end,
        Period=60,
        Statistics=['Sum'],
    )['Datapoints']
    return sum(point['Sum'] for point in points)


def alarm(cloud: Cloud, namespace: str, metric: str, dimensions: dict[str, str], **more: Any) -> str:
    name = f'alarm-{uuid.uuid4().hex[:8]}'
    cloud.client('cloudwatch').put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{'Name': k, 'Value': v} for k, v in dimensions.items()],
        **{
            'Statistic': 'Sum',
            'Period': 60,
            'EvaluationPeriods': 1,
            'Threshold': 1,
            'ComparisonOperator': 'GreaterThanOrEqualToThreshold',
            **more,
        },
    )
    return name


def state(cloud: Cloud, name: str) -> str:
    found: str = cloud.client('cloudwatch').describe_alarms(AlarmNames=[name])['MetricAlarms'][0]['StateValue']
    return found


@pytest.fixture(scope='module')
def printing(cloud: Cloud) -> str:
    return cloud.function("""
      export const handler = async (event) => {
        const metrics = [{ Name: 'Rows', Unit: 'Count' }];
        const directive = { Namespace: 'Presage', Dimensions: [['pipeline']], Metrics: metrics };
        console.log(JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] }, ...event }));
      };
    """)


def test_a_failed_execution_counts_and_raises_its_alarm_with_a_mail(cloud: Cloud) -> None:
    sns, machine = cloud.client('sns'), cloud.machine(FAILING)
    topic = sns.create_topic(Name=f't-{uuid.uuid4().hex[:8]}')['TopicArn']
    sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='ops@example.com')
    dimensions = {'StateMachineArn': machine}
    name = alarm(cloud, 'AWS/States', 'ExecutionsFailed', dimensions, AlarmActions=[topic])
    cloud.run(machine)
    assert total(cloud, 'AWS/States', 'ExecutionsFailed', dimensions) == 1, 'mends/state_metrics.py: no metric'
    wait_for(lambda: True if state(cloud, name) == 'ALARM' else None)
    assert wait_for(lambda: [p for p in cloud.outbox.glob('*.eml') if topic in p.read_text()] or None)


def test_metrics_a_function_prints_are_metrics(cloud: Cloud, printing: str) -> None:
    cloud.invoke(printing, {'Rows': 7, 'pipeline': 'one'})
    cloud.invoke(printing, {'Rows': [1, 2], 'pipeline': 'two'})
    assert total(cloud, 'Presage', 'Rows', {'pipeline': 'one'}) == 7, 'mends/embedded_metrics.py: the line was not read'
    assert total(cloud, 'Presage', 'Rows', {'pipeline': 'two'}) == 3


def test_a_functions_error_counts_once_whoever_called_it(cloud: Cloud) -> None:
    function = cloud.function('export const handler = async () => { throw new Error("x"); };')
    dimensions = {'FunctionName': function.rsplit(':', 1)[-1]}
    task = {'Type': 'Task', 'Resource': function, 'End': True}
    cloud.run(cloud.machine({'StartAt': 'T', 'States': {'T': task}}))
    assert total(cloud, 'AWS/Lambda', 'Errors', dimensions) == 1, 'mends/function_metrics.py: not counted'
    cloud.invoke(function)
    assert total(cloud, 'AWS/Lambda', 'Errors', dimensions) == 2, 'mends/function_metrics.py: not counted once'


def test_an_alarm_looks_at_its_own_dimensions_only(cloud: Cloud) -> None:
    mine = alarm(cloud, 'Test', 'Count', {'who': 'me'})
    other = alarm(cloud, 'Test', 'Count', {'who': 'other'})
    datum = {'MetricName': 'Count', 'Value': 5, 'Dimensions': [{'Name': 'who', 'Value': 'me'}]}
    cloud.client('cloudwatch').put_metric_data(Namespace='Test', MetricData=[datum])
    wait_for(lambda: True if state(cloud, mine) == 'ALARM' else None)
    assert state(cloud, other) == 'INSUFFICIENT_DATA', 'mends/alarms.py: dimensions are mixed'


def test_missing_data_decides_when_time_passes(cloud: Cloud) -> None:
    breaching = alarm(cloud, 'Test', 'Never', {}, TreatMissingData='breaching')
    fine = alarm(cloud, 'Test', 'Never', {}, TreatMissingData='notBreaching')
    wait_for(lambda: True if (state(cloud, breaching), state(cloud, fine)) == ('ALARM', 'OK') else None, 8)


def test_alarm_states_are_told_as_json(cloud: Cloud) -> None:
    name = alarm(cloud, 'Test', 'History', {}, TreatMissingData='breaching')
    wait_for(lambda: True if state(cloud, name) == 'ALARM' else None, 8)
    history = cloud.client('cloudwatch').describe_alarm_history(AlarmName=name, HistoryItemType='StateUpdate')
    data = json.loads(history['AlarmHistoryItems'][0]['HistoryData'])
    assert data['newState']['stateValue'] == 'ALARM'
