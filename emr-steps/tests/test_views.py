from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from spark_testing import location

from presage_spark.errors import RequestError, ScriptError, SourceError
from presage_spark.views import read_any, read_view, register_views, with_run_date


def view(path: Path | None, kind: str = 'csv', **columns: str) -> dict[str, Any]:
    columns = columns or {'member_id': 'varchar', 'stage': 'varchar'}
    return {'name': 'raw', 'format': kind, 'columns': columns, 'location': location(path) if path else None}


def rows(spark: SparkSession, path: Path) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in read_view(spark, view(path), '2026-01-01').collect()), key=str)


def test_csv_fields_may_hold_commas_and_doubled_quotes(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('member_id,stage\na,"one, two"\nb,"say ""yes"""\nc, blanks \nd,back\\slash\n')
    assert rows(spark, tmp_path) == [('a', 'one, two'), ('b', 'say "yes"'), ('c', ' blanks '), ('d', 'back\\slash')]


def test_csv_is_read_by_the_names_of_the_header(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('\ufeffStage ,other,MEMBER_ID\nDreamer,1,a\n')
    assert rows(spark, tmp_path) == [('a', 'Dreamer')]


def test_csv_records_end_with_their_line_whatever_is_quoted(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('member_id,stage\na,"one\ntwo",x\nb,three\nc\nd,four,five\n')
    found = rows(spark, tmp_path)
    assert len(found) == 5
    assert {('b', 'three'), ('c', None), ('d', 'four')} <= set(found)


def test_csv_files_with_another_header_stop_the_read(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('member_id,stage\na,one\n')
    (tmp_path / 'b.csv').write_text('stage,member_id\ntwo,b\n')
    with pytest.raises(Exception, match='header'):
        rows(spark, tmp_path)


def test_parquet_columns_get_their_declared_types(spark: SparkSession, tmp_path: Path) -> None:
    columns = {'n': pa.array([1], pa.int32()), 'day': ['2026-01-01'], 'extra': [1]}
    pq.write_table(pa.table(columns), tmp_path / 'a.parquet')
    frame = read_view(spark, {**view(tmp_path, 'parquet', n='bigint', day='date'), 'runDate': False}, '2026-01-01')
    assert frame.dtypes == [('n', 'bigint'), ('day', 'date')]


def test_all_missing_columns_of_all_views_are_named_at_once(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('member_id\na\n')
    pq.write_table(pa.table({'n': [1]}), tmp_path / 'a.parquet')
    views = [
        {**view(tmp_path / 'a.csv', member_id='varchar', stage='varchar', day='date'), 'name': 'survey'},
        {**view(tmp_path / 'a.parquet', 'parquet', n='bigint', m='bigint'), 'name': 'visits'},
        {**view(tmp_path / 'nowhere'), 'name': 'orders'},
    ]
    with pytest.raises(SourceError) as failure:
        register_views(spark, views, '2026-01-01')
    assert str(failure.value).startswith(
        'survey: missing column(s) stage, day; found member_id; visits: missing column'
    )
    assert 'orders: there is no data at file:' in str(failure.value)


def test_unreadable_bytes_are_a_message_with_the_name_of_the_view(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / 'a.parquet').write_bytes(b'these are no rows of anything')
    with pytest.raises(SourceError, match='raw: ') as failure:
        read_view(spark, view(tmp_path, 'parquet'), '2026-01-01')
    assert '\n' not in str(failure.value)


def test_a_type_that_cannot_be_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table({'day': [1.5]}), tmp_path / 'a.parquet')
    with pytest.raises(ScriptError, match=r'raw: .*DATATYPE_MISMATCH'):
        read_view(spark, view(tmp_path, 'parquet', day='date'), '2026-01-01')


def test_an_absent_optional_source_has_its_columns_and_no_rows(spark: SparkSession) -> None:
    frame = read_view(spark, view(None), '2026-01-01')
    assert (frame.columns, frame.count()) == (['member_id', 'stage'], 0)


def test_a_table_of_ours_has_partition_columns_and_run_date_with_their_types(
    spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / 'day=2026-01-01' / 'code=007').mkdir(parents=True)
    pq.write_table(pa.table({'member_id': ['a']}), tmp_path / 'day=2026-01-01' / 'code=007' / 'a.parquet')
    ours = {
        **view(tmp_path, 'parquet', member_id='varchar'),
        'partitionTypes': {'day': 'date', 'code': 'varchar'},
        'runDate': True,
    }
    frame = read_view(spark, ours, '2026-01-02')
    assert frame.dtypes == [('member_id', 'string'), ('day', 'date'), ('code', 'string'), ('run_date', 'date')]
    assert [str(value) for value in frame.collect()[0]] == ['a', '2026-01-01', '007', '2026-01-02']


DAYS = ('2026-01-01', '2026-01-08', '2026-01-15')


def test_tables_of_several_run_dates_are_one_view_with_the_date_of_each(spark: SparkSession, tmp_path: Path) -> None:
    for day, member in (('2026-01-01', 'a'), ('2026-01-08', 'b')):
        (tmp_path / day).mkdir()
        pq.write_table(pa.table({'member_id': [member]}), tmp_path / day / 'a.parquet')
    days = [
        {'runDate': day, 'location': location(tmp_path / day)} for day in ('2026-01-01', '2026-01-08', '2026-01-15')
    ]
    frame = read_view(spark, {'name': 'p', 'columns': {'member_id': 'varchar'}, 'runDates': days}, '2026-01-20')
    assert frame.dtypes == [('member_id', 'string'), ('run_date', 'date')]
    found = sorted((row.member_id, str(row.run_date)) for row in frame.collect())
    assert found == [('a', '2026-01-01'), ('b', '2026-01-08')]


def test_predictions_nobody_has_made_yet_are_a_view_without_rows(spark: SparkSession) -> None:
    frame = read_view(spark, {'name': 'p', 'columns': {'n': 'double'}, 'runDates': []}, '2026-01-20')
    assert (frame.columns, frame.count()) == (['n', 'run_date'], 0)


def test_files_can_be_read_as_they_are(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('Member_ID , x\na,1\n')
    assert read_any(spark, 'holdout', 'csv', (tmp_path / 'a.csv').as_uri()).columns == ['member_id', 'x']


def test_the_run_date_is_put_into_a_query_as_a_literal() -> None:
    assert (
        with_run_date('a <= :run_date AND b = :run_dates', '2026-01-02') == "a <= DATE '2026-01-02' AND b = :run_dates"
    )
    with pytest.raises(RequestError, match='YYYY-MM-DD'):
        with_run_date('a', "2026-01-02' OR '1'='1")
