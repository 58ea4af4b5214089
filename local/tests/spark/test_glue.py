"""Glue job runs: the script really runs, as the job's role, on what its request names."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.cloud import allow

from .conftest import PLAIN, Jobs

SPARK = """
import json, sys
import helper
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName('test').getOrCreate()
address = sys.argv[sys.argv.index('--request') + 1]
request = json.loads(spark.sparkContext.wholeTextFiles(address).first()[1])
rows = spark.read.option('header', True).csv(request['source']['uri'])
rows.selectExpr('CAST(id AS bigint) AS id', helper.EXPRESSION).write.parquet(request['out']['uri'])
spark.stop()
"""


def test_a_spark_job_reads_and_writes_the_places_of_its_request(jobs: Jobs) -> None:
    jobs.put('source/a.csv', 'id,name\n1,x\n2,y\n')
    request = jobs.request(
        source={'uri': jobs.uri('source/'), 'access': 'read'}, out={'uri': jobs.uri('out/'), 'access': 'write'}
    )
    library = jobs.library(helper="EXPRESSION = 'upper(name) AS name'")
    name = jobs.job(SPARK, DefaultArguments={'--extra-py-files': library})
    run = jobs.run(name, {'--request': request})
    assert run['JobRunState'] == 'SUCCEEDED', run.get('ErrorMessage')
    keys = jobs.keys('out/')
    assert keys
    assert all(key.endswith('.parquet') for key in keys)
    rows = [
        row
        for key in keys
        for row in pq.read_table(io.BytesIO(jobs.s3.get_object(Bucket=jobs.bucket, Key=key)['Body'].read())).to_pylist()
    ]
    assert rows == [{'id': 1, 'name': 'X'}, {'id': 2, 'name': 'Y'}]


def test_a_failed_run_says_the_last_line_of_its_error(jobs: Jobs) -> None:
    name = jobs.job('def main():\n    raise ValueError("no rows in orders")\nmain()\n')
    run = jobs.run(name)
    assert run['JobRunState'] == 'FAILED'
    assert run['ErrorMessage'] == 'ValueError: no rows in orders'


def test_arguments_of_the_run_go_over_those_of_the_job(jobs: Jobs) -> None:
    out = jobs.request(out={'uri': jobs.uri('out'), 'access': 'write'})
    source = PLAIN + "pathlib.Path(request['out']['uri'].removeprefix('file://')).write_text(' '.join(sys.argv))"
    name = jobs.job(source, DefaultArguments={'--a': '1', '--b': '2'})
    run = jobs.run(name, {'--b': '3', '--request': out})
    assert run['JobRunState'] == 'SUCCEEDED', run.get('ErrorMessage')
    given = jobs.text('out')
    assert '--a 1' in given
    assert '--b 3' in given


def test_a_job_may_only_do_what_its_role_allows(jobs: Jobs) -> None:
    request = jobs.request(source={'uri': jobs.uri('source/'), 'access': 'read'})
    name = jobs.job(PLAIN, role=jobs.cloud.role('glue.amazonaws.com'))
    run = jobs.run(name, {'--request': request})
    assert run['JobRunState'] == 'FAILED'
    assert 'AccessDenied' in run['ErrorMessage']


def test_an_overwrite_removes_what_was_at_the_place_before(jobs: Jobs) -> None:
    jobs.put('out/old', 'old')
    jobs.put('out/same', 'same')
    request = jobs.request(out={'uri': jobs.uri('out/'), 'access': 'write'})
    source = PLAIN + (
        "out = pathlib.Path(request['out']['uri'].removeprefix('file://'))\n"
        "(out / 'old').unlink(); (out / 'new').write_text('new'); (out / '_SUCCESS').touch()\n"
    )
    assert jobs.run(jobs.job(source), {'--request': request})['JobRunState'] == 'SUCCEEDED'
    assert jobs.keys('out/') == ['out/new', 'out/same']


def test_what_a_failed_script_wrote_stays_as_on_aws(jobs: Jobs) -> None:
    request = jobs.request(report={'uri': jobs.uri('report/'), 'access': 'write'})
    source = PLAIN + (
        "out = pathlib.Path(request['report']['uri'].removeprefix('file://'))\n"
        "out.mkdir(parents=True); (out / 'error.json').write_text('{}')\nraise SystemExit('gave up')\n"
    )
    run = jobs.run(jobs.job(source), {'--request': request})
    assert run['ErrorMessage'] == 'gave up'
    assert jobs.keys('report/') == ['report/error.json']


def test_a_second_run_of_a_job_at_once_is_refused_and_a_run_can_be_stopped(jobs: Jobs) -> None:
    name = jobs.job('import time\ntime.sleep(60)\n')
    first = jobs.glue.start_job_run(JobName=name)['JobRunId']
    with pytest.raises(ClientError, match='ConcurrentRunsExceededException'):
        jobs.glue.start_job_run(JobName=name)
    answer = jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[first, 'jr_unknown'])
    assert [s['JobRunId'] for s in answer['SuccessfulSubmissions']] == [first]
    assert [e['ErrorDetail']['ErrorCode'] for e in answer['Errors']] == ['EntityNotFoundException']
    assert jobs.ended(name, first)['JobRunState'] == 'STOPPED'


def test_a_version_of_glue_with_another_spark_is_refused(jobs: Jobs) -> None:
    with pytest.raises(ClientError, match=r'Glue version 4\.0'):
        jobs.run(jobs.job('pass', GlueVersion='4.0'))


def test_what_glue_only_pretends_here_is_an_error(jobs: Jobs) -> None:
    with pytest.raises(ClientError, match='not implemented by the local cloud'):
        jobs.glue.create_crawler(Name='c', Role='r', Targets={'S3Targets': [{'Path': jobs.uri('')}]})


def test_partitions_can_be_updated_filtered_and_are_missed_when_they_are_not_there(jobs: Jobs) -> None:
    database = f'db_{jobs.bucket[5:]}'
    jobs.glue.create_database(DatabaseInput={'Name': database})
    jobs.glue.create_table(
        DatabaseName=database, TableInput={'Name': 't', 'PartitionKeys': [{'Name': 'day', 'Type': 'date'}]}
    )
    table = {'DatabaseName': database, 'TableName': 't'}
    for day in ('2020-01-01', '2020-01-02'):
        jobs.glue.create_partition(**table, PartitionInput={'Values': [day]})
    jobs.glue.update_partition(
        **table,
        PartitionValueList=['2020-01-02'],
        PartitionInput={'Values': ['2020-01-02'], 'StorageDescriptor': {'Location': 's3://b/new/'}},
    )
    found = jobs.glue.get_partitions(**table, Expression="day > '2020-01-01'")['Partitions']
    assert [p['StorageDescriptor']['Location'] for p in found] == ['s3://b/new/']
    with pytest.raises(ClientError, match='EntityNotFoundException'):
        jobs.glue.delete_partition(**table, PartitionValues=['2020-01-03'])


def test_a_role_may_be_limited_to_one_job_and_one_table(jobs: Jobs) -> None:
    database, name = f'db_{jobs.bucket[5:]}', jobs.job('pass')
    jobs.glue.create_database(DatabaseInput={'Name': database})
    for table in ('mine', 'other'):
        jobs.glue.create_table(DatabaseName=database, TableInput={'Name': table})
    prefix = 'arn:aws:glue:eu-west-1:000000000000'
    role = jobs.cloud.role(
        'lambda.amazonaws.com',
        allow('glue:StartJobRun', f'{prefix}:job/{name}'),
        allow('glue:GetTable', f'{prefix}:table/{database}/mine'),
    )
    glue = jobs.cloud.as_role('glue', role)
    glue.start_job_run(JobName=name)
    assert glue.get_table(DatabaseName=database, Name='mine')['Table']['Name'] == 'mine'
    with pytest.raises(ClientError, match='AccessDenied'):
        glue.get_table(DatabaseName=database, Name='other')
    with pytest.raises(ClientError, match='AccessDenied'):
        glue.get_job_run(JobName=name, RunId='x')
