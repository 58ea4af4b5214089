"""UNLOAD and CREATE TABLE AS write what Athena writes, where it writes it."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from presage_local.athena import memory
from presage_local.athena.databases import borrowed

from .conftest import Lake


@pytest.fixture
def orders(lake: Lake) -> Lake:
    """A lake with a table of three orders on two days."""
    lake.parquet(
        'orders/a.parquet', id=[1, 2, 3], note=['a,b', None, 'x"y'], day=['2020-01-01', '2020-01-01', '2020-01-02']
    )
    lake.table('orders', {'id': 'bigint', 'note': 'string', 'day': 'string'})
    return lake


def test_unload_writes_parquet_objects_and_a_manifest(orders: Lake) -> None:
    query = orders.run(f"UNLOAD (SELECT id, note FROM orders) TO 's3://{orders.bucket}/out/' WITH (format = 'PARQUET')")
    assert query['Status']['State'] == 'SUCCEEDED', query['Status']
    (key,) = orders.keys('out/')
    table = pq.read_table(io.BytesIO(orders.s3.get_object(Bucket=orders.bucket, Key=key)['Body'].read()))
    assert table.to_pydict() == {'id': [1, 2, 3], 'note': ['a,b', None, 'x"y']}
    manifest = query['Statistics']['DataManifestLocation'].split('/', 3)[3]
    body = orders.s3.get_object(Bucket=orders.bucket, Key=manifest)['Body'].read().decode()
    assert body == f's3://{orders.bucket}/{key}\n'


def test_unload_refuses_a_target_that_is_not_empty(orders: Lake) -> None:
    orders.put('out/old', b'x')
    reason = orders.reason(f"UNLOAD (SELECT id FROM orders) TO 's3://{orders.bucket}/out' WITH (format = 'PARQUET')")
    assert reason.startswith('HIVE_PATH_ALREADY_EXISTS: ')
    assert orders.keys('out/') == ['out/old']


def test_unload_as_text_is_gzip_unquoted_and_says_null_as_backslash_n(orders: Lake) -> None:
    query = orders.run(
        f"UNLOAD (SELECT id, note, id / 2E0 AS half FROM orders ORDER BY id) TO 's3://{orders.bucket}/out/' "
        "WITH (format = 'TEXTFILE', field_delimiter = '|')"
    )
    assert query['Status']['State'] == 'SUCCEEDED', query['Status']
    (key,) = orders.keys('out/')
    assert key.endswith('.gz')
    body = gzip.decompress(orders.s3.get_object(Bucket=orders.bucket, Key=key)['Body'].read()).decode()
    assert body == '1|a,b|0.5\n2|\\N|1.0\n3|x"y|1.5\n'


def test_unload_of_no_rows_writes_no_object(orders: Lake) -> None:
    query = orders.run(
        f"UNLOAD (SELECT id FROM orders WHERE id > 9) TO 's3://{orders.bucket}/out/' WITH (format = 'PARQUET')"
    )
    assert query['Status']['State'] == 'SUCCEEDED', query['Status']
    assert orders.keys('out/') == []


def test_unload_keeps_the_order_that_its_query_gives(orders: Lake) -> None:
    many = 'SELECT a.id AS a FROM orders AS a ' + ' '.join(f'CROSS JOIN orders AS t{i}' for i in range(11))
    orders.run(f"UNLOAD ({many} ORDER BY a DESC) TO 's3://{orders.bucket}/out/' WITH (format = 'PARQUET')")
    (key,) = orders.keys('out/')
    table = pq.read_table(io.BytesIO(orders.s3.get_object(Bucket=orders.bucket, Key=key)['Body'].read()))
    assert table['a'].to_pylist() == [id for id in (3, 2, 1) for _ in range(3**11)]


def test_what_cannot_spill_is_written_with_all_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, '_MEMORY', '4MB')
    with borrowed(tmp_path) as connection:
        copy = f"COPY (SELECT list(range) AS ids FROM range(2000000)) TO '{tmp_path}/one' (FORMAT parquet)"
        assert memory.in_little_memory(connection, copy) == 1
    assert len(pq.read_table(tmp_path / 'one')['ids'][0]) == 2_000_000


def test_unload_partitions_by_its_last_columns(orders: Lake) -> None:
    query = orders.run(
        f"UNLOAD (SELECT id, day FROM orders) TO 's3://{orders.bucket}/out/' "
        "WITH (format = 'PARQUET', partitioned_by = ARRAY['day'])"
    )
    assert query['Status']['State'] == 'SUCCEEDED', query['Status']
    assert [key.split('/')[1] for key in orders.keys('out/')] == ['day=2020-01-01', 'day=2020-01-02']


def test_unload_refuses_partition_columns_that_do_not_come_last(orders: Lake) -> None:
    reason = orders.reason(
        f"UNLOAD (SELECT day, id FROM orders) TO 's3://{orders.bucket}/out/' "
        "WITH (format = 'PARQUET', partitioned_by = ARRAY['day'])"
    )
    assert 'Partition columns must be the last columns' in reason
    assert orders.keys('out/') == []


def test_create_table_as_makes_a_table_that_can_be_read(orders: Lake) -> None:
    query = orders.run(
        "CREATE TABLE daily WITH (format = 'PARQUET', partitioned_by = ARRAY['day']) AS "
        'SELECT count(*) AS n, day FROM orders GROUP BY day'
    )
    assert query['Status']['State'] == 'SUCCEEDED', query['Status']
    assert orders.rows("SELECT n, day FROM daily WHERE day = '2020-01-01'") == [['2', '2020-01-01']]
