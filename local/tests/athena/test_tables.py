"""What Athena's readers make of files: Parquet by name, text by position and line by line, partitions by location."""

from __future__ import annotations

import datetime
import gzip
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from presage_local.athena.engine import DataFile, Partition, QueryError, Result, TableData, run_sql

HEADER = {'skip.header.line.count': '1'}


def parquet(file: Path, **columns: Any) -> Path:
    """A Parquet file of these columns."""
    pq.write_table(pa.table(columns), file)
    return file


def read(table: TableData, sql: str = 'SELECT * FROM t') -> Result:
    """The result of a query over one table named t."""
    return run_sql(sql, {'t': table})


def text(
    folder: Path, content: bytes, form: str = 'csv', options: Mapping[str, str] | None = None, name: str = 'a.csv'
) -> list[tuple[Any, ...]]:
    """The rows of a text file of two string columns."""
    file = folder / name
    file.write_bytes(content)
    return read(TableData.of_files({'a': 'string', 'b': 'string'}, [file], form, options)).rows


def test_parquet_is_read_by_name_whatever_the_order(tmp_path: Path) -> None:
    files = [parquet(tmp_path / '1', b=['x'], a=[1]), parquet(tmp_path / '2', a=[2], b=['y'])]
    assert sorted(read(TableData.of_files({'a': 'bigint', 'b': 'string'}, files)).rows) == [(1, 'x'), (2, 'y')]


def test_a_column_a_parquet_file_lacks_is_null(tmp_path: Path) -> None:
    files = [parquet(tmp_path / '1', a=[1]), parquet(tmp_path / '2', a=[2], b=['y'])]
    assert sorted(read(TableData.of_files({'a': 'bigint', 'b': 'string'}, files)).rows) == [(1, None), (2, 'y')]


@pytest.mark.parametrize(
    ('values', 'declared', 'physical'),
    [
        (['1'], 'bigint', 'BYTE_ARRAY (STRING)'),
        ([1], 'double', 'INT64'),
        ([1.5], 'bigint', 'DOUBLE'),
        ([datetime.date(2020, 1, 1)], 'string', 'INT32 (DATE)'),
    ],
)
def test_a_parquet_column_of_another_type_is_bad_data(
    tmp_path: Path, values: list[Any], declared: str, physical: str
) -> None:
    table = TableData.of_files({'a': declared}, [parquet(tmp_path / 'f', a=values)])
    with pytest.raises(QueryError) as caught:
        read(table)
    kind = 'varchar' if declared == 'string' else declared
    assert str(caught.value) == (
        f"HIVE_BAD_DATA: Field a's type {physical} in parquet file {tmp_path}/f is incompatible with type {kind} "
        'defined in table schema'
    )


def test_a_bad_column_nobody_reads_is_no_error(tmp_path: Path) -> None:
    table = TableData.of_files({'a': 'double', 'b': 'bigint'}, [parquet(tmp_path / 'f', a=[1], b=[2])])
    assert read(table, 'SELECT b FROM t').rows == [(2,)]


def test_what_is_no_parquet_is_bad_data(tmp_path: Path) -> None:
    (tmp_path / 'f').write_bytes(b'PAR? not at all')
    with pytest.raises(QueryError, match=r'HIVE_BAD_DATA: Not valid Parquet file: .*/f'):
        read(TableData.of_files({'a': 'bigint'}, [tmp_path / 'f']))


def test_timestamps_have_milliseconds_as_in_athena(tmp_path: Path) -> None:
    moments = pa.array([datetime.datetime(2020, 1, 1, 0, 0, 0, 123500)], pa.timestamp('us'))
    table = TableData.of_files({'a': 'timestamp'}, [parquet(tmp_path / 'f', a=moments)])
    assert read(table).rows == [(datetime.datetime(2020, 1, 1, 0, 0, 0, 124000),)]


def test_a_table_without_files_has_no_rows() -> None:
    table = TableData({'a': 'bigint'}, [], {'day': 'date'})
    result = read(table, 'SELECT a, day, count(*) AS n FROM t GROUP BY a, day')
    assert (result.rows, result.types) == ([], ['BIGINT', 'DATE', 'BIGINT'])


def test_empty_files_are_overlooked(tmp_path: Path) -> None:
    (tmp_path / 'empty').touch()
    table = TableData.of_files({'a': 'bigint'}, [tmp_path / 'empty', parquet(tmp_path / 'f', a=[1])])
    assert read(table).rows == [(1,)]


def days(folder: Path) -> TableData:
    """Three partitions, one of which cannot be read."""
    bad = folder / 'bad'
    bad.write_bytes(b'no parquet')
    parts = [
        Partition(('2020-01-01',), [DataFile(parquet(folder / '1', a=[1]), 's3://b/1')]),
        Partition(('2020-01-02',), [DataFile(parquet(folder / '2', a=[2]), 's3://b/2')]),
        Partition(('2020-01-03',), [DataFile(bad, 's3://b/bad')]),
    ]
    return TableData({'a': 'bigint'}, parts, {'day': 'date'})


@pytest.mark.parametrize(
    ('where', 'rows'),
    [
        ("day = DATE '2020-01-02'", [2]),
        ("day < DATE '2020-01-03' AND a > 0", [1, 2]),
        ("day IN (DATE '2020-01-01', DATE '2020-01-02')", [1, 2]),
        ("day BETWEEN DATE '2020-01-01' AND DATE '2020-01-01'", [1]),
        ("(day = DATE '2020-01-01' OR day = DATE '2020-01-02')", [1, 2]),
        ("day = CAST('2020-01-01' AS date)", [1]),
    ],
)
def test_only_partitions_the_condition_wants_are_read(tmp_path: Path, where: str, rows: list[int]) -> None:
    found = read(days(tmp_path), f'SELECT a FROM t WHERE {where} ORDER BY a').rows
    assert [row[0] for row in found] == rows


def test_a_condition_on_the_outer_side_of_a_join_prunes_nothing_it_should_not(tmp_path: Path) -> None:
    table = days(tmp_path)
    table = TableData(table.columns, table.partitions[:2], table.partition_keys)
    sql = "SELECT l.a FROM t AS l LEFT JOIN t AS r ON l.a = r.a WHERE r.day IS NULL OR r.day > DATE '2020-01-01'"
    assert read(table, sql).rows == [(2,)]


def test_path_is_where_a_row_comes_from_and_no_part_of_a_star(tmp_path: Path) -> None:
    table = days(tmp_path)
    table = TableData(table.columns, table.partitions[:2], table.partition_keys)
    assert read(table, 'SELECT a, "$path" FROM t ORDER BY a').rows == [(1, 's3://b/1'), (2, 's3://b/2')]
    assert read(table, 'SELECT *, "$path" FROM t WHERE a = 1').rows == [(1, datetime.date(2020, 1, 1), 's3://b/1')]


@pytest.mark.parametrize(
    ('content', 'rows'),
    [
        (b'a,b\n1,x\n', [('1', 'x')]),
        (b'a,b\n1,x', [('1', 'x')]),
        (b'a,b\r\n1,x\r\n', [('1', 'x')]),
        (b'a,b\n1,\n', [('1', '')]),
        (b'a,b\n"1","x, y"\n', [('1', 'x, y')]),
        (b'a,b\n1,"x ""y"""\n', [('1', 'x "y"')]),
        (b'a,b\n1,x,extra\n', [('1', 'x')]),
        (b'a,b\n1\n', [('1', None)]),
        (b'a,b\n1,x\n2\n3,y,z\n', [('1', 'x'), ('2', None), ('3', 'y')]),
        (b'a,b\n1,"x\ny"\n', [('1', 'x'), ('y', None)]),
        (b'a,b\n1,x\\"y\n', [('1', 'x"y')]),
        (b'a,b\n1,\xff\n', [('1', '\ufffd')]),
        (b'a,b\n', []),
        (b'a,b\n1, x \n', [('1', ' x ')]),
        ('a,b\n1,é\n'.encode(), [('1', 'é')]),
    ],
)
def test_csv_is_read_line_by_line_as_the_opencsv_serde_does(
    tmp_path: Path, content: bytes, rows: list[tuple[Any, ...]]
) -> None:
    assert text(tmp_path, content, options=HEADER) == rows


def test_csv_is_unpacked_by_the_suffix_of_its_name(tmp_path: Path) -> None:
    assert text(tmp_path, gzip.compress(b'1,x\n'), name='a.csv.gz') == [('1', 'x')]


def test_a_broken_gzip_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r'HIVE_CURSOR_ERROR: Failed to read file: .*a\.csv\.gz'):
        text(tmp_path, gzip.compress(b'1,x\n' * 1000)[:40], name='a.csv.gz')


def test_another_separator_and_quote_are_taken(tmp_path: Path) -> None:
    options = {'separatorChar': ';', 'quoteChar': "'"}
    assert text(tmp_path, b"1;'x;y'\n", options=options) == [('1', 'x;y')]


def test_a_csv_table_declares_strings_only(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'1\n')
    with pytest.raises(QueryError, match='OpenCSVSerDe column a must be declared string'):
        read(TableData.of_files({'a': 'bigint'}, [tmp_path / 'a'], 'csv'))


def test_lazy_text_knows_no_quotes_and_says_null_as_backslash_n(tmp_path: Path) -> None:
    options = {'field.delim': '|'}
    assert text(tmp_path, b'"1"|\\N\n|x\n', 'text', options) == [('"1"', None), ('', 'x')]


def test_a_lazy_text_value_that_does_not_fit_its_type_is_null(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'1|x\n\\N|2.5\n')
    table = TableData.of_files({'a': 'int', 'b': 'double'}, [tmp_path / 'a'], 'text', {'field.delim': '|'})
    assert read(table).rows == [(1, None), (None, 2.5)]


def test_json_lines_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'{"b": "x", "a": 1}\n{"a": 2}\n')
    table = TableData.of_files({'a': 'bigint', 'b': 'string'}, [tmp_path / 'a'], 'json')
    assert read(table).rows == [(1, 'x'), (2, None)]


def test_a_plain_csv_file_is_left_to_the_fast_reader(tmp_path: Path) -> None:
    lines = ''.join(f'{n},"x, {n}"\n' for n in range(100_000))
    (tmp_path / 'a.csv').write_text(lines)
    table = TableData.of_files({'a': 'string', 'b': 'string'}, [tmp_path / 'a.csv'], 'csv')
    began = time.monotonic()
    assert read(table, 'SELECT count(*), sum(CAST(a AS bigint)) FROM t').rows == [(100_000, 4999950000)]
    fast = time.monotonic() - began
    (tmp_path / 'a.csv').write_text(lines + '0\n')  # one odd line: every line is read by our own reader
    began = time.monotonic()
    assert read(table, 'SELECT count(*) FROM t').rows == [(100_001,)]
    assert fast < (time.monotonic() - began) / 2


@pytest.mark.parametrize('megabytes', [1, 2, 3, 9])
def test_a_line_longer_than_the_fast_reader_takes_is_read_too(tmp_path: Path, megabytes: int) -> None:
    long = 'x' * (megabytes << 20)
    assert text(tmp_path, f'1,{long}\n2,b\n'.encode()) == [('1', long), ('2', 'b')]


def test_one_file_with_an_odd_line_does_not_change_what_the_others_hold(tmp_path: Path) -> None:
    contents = [b'1,a\n', b'2,"b, c"\n', b'3\n', b'4,d\n']
    for number, content in enumerate(contents):
        (tmp_path / f'{number}.csv').write_bytes(content)
    files = [tmp_path / f'{number}.csv' for number in range(len(contents))]
    table = TableData.of_files({'a': 'string', 'b': 'string'}, files, 'csv')
    assert read(table, 'SELECT a, b FROM t ORDER BY a').rows == [('1', 'a'), ('2', 'b, c'), ('3', None), ('4', 'd')]
