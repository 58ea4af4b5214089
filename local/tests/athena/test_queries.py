"""Queries through Athena's API: what a caller sends and gets."""

from __future__ import annotations

import time

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


def test_a_trivial_select_is_quick(lake: Lake) -> None:
    lake.rows('SELECT 1')
    began = time.monotonic()
    assert lake.rows('SELECT 1 + 1') == [['2']]
    assert time.monotonic() - began < 0.3
