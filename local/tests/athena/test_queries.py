"""Queries through Athena's API: what a caller sends and gets."""

from __future__ import annotations

import time

import numpy as np
import pytest
from botocore.exceptions import ClientError

from tests.cloud import wait_for

from .conftest import Lake


def test_a_select_gives_rows_types_and_a_result_object(lake: Lake) -> None:
    lake.parquet('orders/a.parquet', id=[1, 2, 3], amount=[1.5, None, 10.0])
    lake.table('orders', {'id': 'bigint', 'amount': 'double'})
    query = lake.run('SELECT id, amount FROM orders ORDER BY id')
    answer = lake.athena.get_query_results(QueryExecutionId=query['QueryExecutionId'])['ResultSet']
    assert [c['Type'] for c in answer['ResultSetMetadata']['ColumnInfo']] == ['bigint', 'double']
    assert answer['Rows'][0]['Data'] == [{'VarCharValue': 'id'}, {'VarCharValue': 'amount'}]
    assert answer['Rows'][2]['Data'] == [{'VarCharValue': '2'}, {}]
    key = query['ResultConfiguration']['OutputLocation'].split('/', 3)[3]
    body = lake.s3.get_object(Bucket=lake.bucket, Key=key)['Body'].read().decode()
    assert body == '"id","amount"\n"1","1.5"\n"2",\n"3","10.0"\n'
    assert query['Statistics']['DataScannedInBytes'] > 0


def test_the_same_token_gives_the_same_query_and_another_text_is_refused(lake: Lake) -> None:
    token = 't' * 32
    first = lake.start('SELECT 1', ClientRequestToken=token)
    assert lake.start('SELECT 1', ClientRequestToken=token) == first
    with pytest.raises(ClientError, match='Idempotent parameters do not match'):
        lake.start('SELECT 2', ClientRequestToken=token)


def test_results_come_in_pages(lake: Lake) -> None:
    query = lake.run('SELECT x FROM UNNEST(sequence(1, 25)) AS t(x) ORDER BY x')
    pages = lake.athena.get_paginator('get_query_results').paginate(
        QueryExecutionId=query['QueryExecutionId'], PaginationConfig={'PageSize': 10}
    )
    values = [[row['Data'][0]['VarCharValue'] for row in page['ResultSet']['Rows']] for page in pages]
    assert [len(page) for page in values] == [10, 10, 6]
    assert [value for page in values for value in page] == ['x', *map(str, range(1, 26))]


def test_a_null_and_an_empty_text_are_told_apart(lake: Lake) -> None:
    assert lake.rows("SELECT '', CAST(NULL AS varchar), 'a\"b', 'x\ny'") == [['', None, 'a"b', 'x\ny']]


def test_parameters_fill_the_question_marks(lake: Lake) -> None:
    assert lake.rows('SELECT ? || ?', ExecutionParameters=["'a'", "'b''c'"]) == [["ab'c"]]
    assert 'Incorrect number of parameters' in lake.reason('SELECT ?', ExecutionParameters=['1', '2'])


def test_a_failed_query_says_why_and_has_no_results(lake: Lake) -> None:
    query = lake.run('SELECT nope FROM missing')
    assert query['Status']['StateChangeReason'] == (
        f"TABLE_NOT_FOUND: line 1:18: Table 'awsdatacatalog.{lake.database}.missing' does not exist"
    )
    assert query['Status']['AthenaError']['ErrorCategory'] == 2
    with pytest.raises(ClientError, match='Final query state: FAILED'):
        lake.athena.get_query_results(QueryExecutionId=query['QueryExecutionId'])


@pytest.mark.parametrize(
    ('sql', 'reason'),
    [
        ('SELEC 1', 'SYNTAX_ERROR: line 1:1: mismatched input'),
        ('SELECT 1; SELECT 2', 'SYNTAX_ERROR: line 1:1: Only one sql statement is allowed'),
        ('SELECT * FROM other.t', "SCHEMA_NOT_FOUND: line 1:1: Schema 'other' does not exist"),
        ('INSERT INTO t VALUES (1)', 'NOT_SUPPORTED: the statement INSERT INTO'),
        ('CREATE VIEW v AS SELECT 1', 'NOT_SUPPORTED: '),
        ('SELECT * FROM TABLE(f(1))', 'NOT_SUPPORTED: '),
        ('', 'SYNTAX_ERROR'),
    ],
)
def test_what_the_engine_does_not_do_fails(lake: Lake, sql: str, reason: str) -> None:
    assert lake.reason(sql or '  ').startswith(reason)


def test_a_running_query_can_be_stopped(lake: Lake) -> None:
    numbers = 'UNNEST(sequence(1, 3000))'
    sql = f'SELECT count(*) FROM {numbers} a(x), {numbers} b(y), {numbers} c(z) WHERE x * y % 7 = z % 5'
    identity = lake.start(sql)
    wait_for(lambda: lake.athena.get_query_execution(QueryExecutionId=identity)['QueryExecution'])
    time.sleep(0.3)
    lake.athena.stop_query_execution(QueryExecutionId=identity)
    assert lake.ended(identity)['Status']['State'] == 'CANCELLED'


def test_the_workgroup_decides_where_results_go_and_how_much_is_scanned(lake: Lake) -> None:
    lake.parquet('big/a.parquet', id=list(range(300_000)))
    lake.table('big', {'id': 'bigint'})
    name = f'wg-{lake.bucket}'
    lake.athena.create_work_group(
        Name=name,
        Configuration={
            'EnforceWorkGroupConfiguration': True,
            'BytesScannedCutoffPerQuery': 10_000_000,
            'ResultConfiguration': {
                'OutputLocation': f's3://{lake.bucket}/enforced/',
                'EncryptionConfiguration': {'EncryptionOption': 'SSE_S3'},
            },
        },
    )
    query = lake.run('SELECT max(id) FROM big', WorkGroup=name)
    assert query['Status']['State'] == 'SUCCEEDED'
    location = query['ResultConfiguration']['OutputLocation']
    assert location.startswith(f's3://{lake.bucket}/enforced/')
    head = lake.s3.head_object(Bucket=lake.bucket, Key=location.split('/', 3)[3])
    assert head['ServerSideEncryption'] == 'AES256'
    ctas = f"CREATE TABLE copy WITH (external_location = 's3://{lake.bucket}/x/') AS SELECT 1 AS a"
    assert 'enforces a centralized output location' in lake.reason(ctas, WorkGroup=name)

    lake.parquet('bigger/a.parquet', id=np.random.default_rng(1).integers(0, 2**60, 1_500_000))
    lake.table('bigger', {'id': 'bigint'})
    status = lake.run('SELECT max(id) FROM bigger', WorkGroup=name)['Status']
    assert (status['State'], 'Bytes scanned limit' in status['StateChangeReason']) == ('CANCELLED', True)


def test_a_query_without_a_place_for_its_result_is_refused(lake: Lake) -> None:
    with pytest.raises(ClientError, match='No output location provided'):
        lake.athena.start_query_execution(QueryString='SELECT 1')
