"""EMR clusters: their steps really run, and their states follow EMR's rules."""

from __future__ import annotations

import gzip

import pytest
from botocore.exceptions import ClientError

from .conftest import PLAIN, Jobs

FAIL = 'raise RuntimeError("the step gave up")\n'
SPARK = """
import json, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
request = json.loads(spark.sparkContext.wholeTextFiles(sys.argv[sys.argv.index('--request') + 1]).first()[1])
spark.range(10).write.parquet(request['out']['uri'])
assert spark.conf.get('spark.sql.session.timeZone') == 'UTC'
assert spark.conf.get('spark.sql.ansi.enabled') == 'true'
assert spark.version == '3.5.6'
"""


def test_a_cluster_runs_its_spark_step_and_ends(jobs: Jobs) -> None:
    request = jobs.request(out={'uri': jobs.uri('out/'), 'access': 'write'})
    options = ('--conf', 'spark.sql.ansi.enabled=true', '--conf', 'spark.executor.memory=900g')
    cluster = jobs.cluster([jobs.step(SPARK, request, 'TERMINATE_CLUSTER', *options)])
    assert jobs.emr.describe_cluster(ClusterId=cluster)['Cluster']['Status']['State'] in (
        'STARTING',
        'BOOTSTRAPPING',
        'RUNNING',
    )
    status = jobs.state(cluster)['Status']
    (step,) = jobs.steps(cluster)
    assert step['Status']['State'] == 'COMPLETED', step['Status']['FailureDetails']['Message']
    assert (status['State'], status['StateChangeReason']['Code']) == ('TERMINATED', 'ALL_STEPS_COMPLETED')
    assert jobs.keys('out/')


def test_a_failed_step_says_why_and_ends_the_cluster(jobs: Jobs) -> None:
    request = jobs.request()
    cluster = jobs.cluster([jobs.step(FAIL, request), jobs.step(PLAIN, request)])
    status = jobs.state(cluster)['Status']
    assert (status['State'], status['StateChangeReason']['Code']) == ('TERMINATED_WITH_ERRORS', 'STEP_FAILURE')
    first, second = jobs.steps(cluster)
    assert first['Status']['State'] == 'FAILED'
    details = first['Status']['FailureDetails']
    assert details['Message'] == 'RuntimeError: the step gave up'
    log = jobs.s3.get_object(Bucket=jobs.bucket, Key=details['LogFile'].split('/', 3)[3])['Body'].read()
    assert b'Traceback' in gzip.decompress(log)
    assert second['Status']['State'] == 'CANCELLED'


def test_a_step_that_may_fail_does_not_stop_the_next(jobs: Jobs) -> None:
    request = jobs.request()
    cluster = jobs.cluster([jobs.step(FAIL, request, 'CONTINUE'), jobs.step(PLAIN, request)])
    status = jobs.state(cluster)['Status']
    assert status['State'] == 'TERMINATED'
    assert status['StateChangeReason']['Message'] == 'Steps completed with errors'
    assert [step['Status']['State'] for step in jobs.steps(cluster)] == ['FAILED', 'COMPLETED']


def test_a_cluster_that_is_kept_takes_more_steps_until_it_is_terminated(jobs: Jobs) -> None:
    request = jobs.request()
    instances = {'MasterInstanceType': 'm6g.xlarge', 'InstanceCount': 1, 'KeepJobFlowAliveWhenNoSteps': True}
    cluster = jobs.cluster([], Instances=instances)
    jobs.state(cluster, 'WAITING')
    step = jobs.emr.add_job_flow_steps(JobFlowId=cluster, Steps=[jobs.step(PLAIN, request)])['StepIds'][0]
    jobs.state(cluster, 'WAITING')
    assert jobs.emr.describe_step(ClusterId=cluster, StepId=step)['Step']['Status']['State'] == 'COMPLETED'
    jobs.emr.terminate_job_flows(JobFlowIds=[cluster])
    status = jobs.state(cluster)['Status']
    assert (status['State'], status['StateChangeReason']['Code']) == ('TERMINATED', 'USER_REQUEST')


def test_terminating_a_cluster_stops_its_step(jobs: Jobs) -> None:
    cluster = jobs.cluster([jobs.step('import time\ntime.sleep(60)\n', jobs.request())])
    jobs.state(cluster, 'RUNNING')
    jobs.emr.terminate_job_flows(JobFlowIds=[cluster])
    assert jobs.state(cluster)['Status']['State'] == 'TERMINATED'
    assert [step['Status']['State'] for step in jobs.steps(cluster)] == ['CANCELLED']


def test_without_spot_capacity_a_spot_cluster_fails_and_one_on_demand_starts(jobs: Jobs) -> None:
    tags = [{'Key': 'presage:local:no-spot-capacity', 'Value': 'yes'}]
    spot = jobs.state(jobs.cluster([jobs.step(PLAIN, jobs.request())], Tags=tags))['Status']
    assert spot['State'] == 'TERMINATED_WITH_ERRORS'
    assert 'Spot capacity' in spot['StateChangeReason']['Message']
    group = {'InstanceRole': 'MASTER', 'InstanceType': 'm6g.xlarge', 'InstanceCount': 1, 'Market': 'ON_DEMAND'}
    steps = [jobs.step(PLAIN, jobs.request())]
    assert (
        jobs.state(jobs.cluster(steps, Tags=tags, Instances={'InstanceGroups': [group]}))['Status']['State']
        == 'TERMINATED'
    )


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'ReleaseLabel': 'emr-6.0.0'}, 'release label is invalid'),
        ({'Applications': []}, 'Spark is not in Applications'),
        ({'JobFlowRole': 'nobody'}, 'Invalid InstanceProfile'),
        ({'ServiceRole': 'nobody'}, 'Could not assume role'),
        ({'Instances': {}}, 'exactly one of InstanceGroups'),
    ],
)
def test_a_cluster_emr_would_not_start_is_refused(jobs: Jobs, change: dict[str, object], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        jobs.cluster([jobs.step(PLAIN, jobs.request())], **change)


def test_a_step_that_is_no_spark_submit_is_refused(jobs: Jobs) -> None:
    step = jobs.step(PLAIN, jobs.request())
    step['HadoopJarStep']['Args'] = ['hadoop', 'fs', '-ls']
    with pytest.raises(ClientError, match='spark-submit steps only'):
        jobs.cluster([step])
