from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import run_queries as script
from pyspark.sql import SparkSession
from spark_testing import data_files, location

from presage_spark.errors import QueryError

DAY = datetime.date


@pytest.fixture
def request_of(tmp_path: Path) -> dict[str, Any]:
    """Two sources, one per format, and two tables of which the second reads the first."""
    raw = tmp_path / 'raw'
    (raw / 'visits').mkdir(parents=True)
    (raw / 'survey').mkdir()
    visits = {
        'member_id': ['a', 'a', 'b', 'c'],
        'day': [DAY(2026, 1, 1), DAY(2026, 1, 2), DAY(2026, 1, 2), DAY(2026, 1, 9)],
        'views': pa.array([1, 2, None, 4], pa.int32()),
        'unused': [0, 0, 0, 0],
    }
    pq.write_table(pa.table(visits), raw / 'visits' / 'one.parquet')
    (raw / 'survey' / 'one.csv').write_text('stage,member_id\nDreamer,a\n"Casual, Explorer",b\n')
    return {
        'runDate': '2026-01-05',
        'views': [
            {
                'name': 'raw_visits',
                'format': 'parquet',
                'columns': {'member_id': 'varchar', 'day': 'date', 'views': 'bigint'},
                'location': location(raw / 'visits'),
            },
            {
                'name': 'raw_survey',
                'format': 'csv',
                'columns': {'member_id': 'varchar', 'stage': 'varchar'},
                'location': location(raw / 'survey'),
            },
        ],
        'queries': [
            {
                'table': 'daily',
                'view': 'daily_candidate',
                'sql': 'SELECT member_id, COALESCE(views, 0) AS views, day FROM raw_visits WHERE day <= :run_date',
                'columns': {'member_id': 'varchar', 'views': 'bigint'},
                'partitionBy': ['day'],
                'partitionTypes': {'day': 'date'},
                'location': location(tmp_path / 'out' / 'daily'),
            },
            {
                'table': 'stages',
                'view': 'stages_candidate',
                'sql': 'SELECT s.stage, d.member_id, SUM(d.views) AS views FROM daily_candidate d '
                'JOIN raw_survey s ON s.member_id = d.member_id WHERE d.run_date = :run_date GROUP BY 1, 2',
                'columns': {'member_id': 'varchar', 'stage': 'varchar', 'views': 'bigint'},
                'partitionBy': [],
                'location': location(tmp_path / 'out' / 'stages'),
            },
        ],
        'report': location(tmp_path / 'report'),
    }


def test_tables_are_made_in_order_counted_and_written_as_declared(
    spark: SparkSession, request_of: dict[str, Any], tmp_path: Path
) -> None:
    report = script.run_queries(spark, request_of)
    assert report == {'tables': {'daily': {'rows': 3}, 'stages': {'rows': 2}}}

    stages = ds.dataset(tmp_path / 'out' / 'stages').to_table().sort_by('member_id')
    assert stages.to_pylist() == [
        {'member_id': 'a', 'stage': 'Dreamer', 'views': 3},
        {'member_id': 'b', 'stage': 'Casual, Explorer', 'views': 0},
    ]
    assert stages.schema.field('views').type == pa.int64()

    daily = tmp_path / 'out' / 'daily'
    assert {path.parent.name for path in data_files(daily)} == {'day=2026-01-01', 'day=2026-01-02'}
    assert all(path.name.endswith('.snappy.parquet') for path in data_files(daily))


def test_a_second_run_replaces_the_first(spark: SparkSession, request_of: dict[str, Any], tmp_path: Path) -> None:
    request_of['queries'] = request_of['queries'][:1]
    script.run_queries(spark, request_of)
    before = data_files(tmp_path / 'out' / 'daily')
    request_of['runDate'] = '2026-01-01'
    assert script.run_queries(spark, request_of) == {'tables': {'daily': {'rows': 1}}}
    assert len(data_files(tmp_path / 'out' / 'daily')) == 1 < len(before)


def test_a_table_without_rows_is_an_empty_relation_for_the_next_query(
    spark: SparkSession, request_of: dict[str, Any]
) -> None:
    request_of['runDate'] = '2025-12-31'
    report = script.run_queries(spark, request_of)
    assert report == {'tables': {'daily': {'rows': 0}, 'stages': {'rows': 0}}}


def test_a_query_with_other_columns_than_declared_is_refused(spark: SparkSession, request_of: dict[str, Any]) -> None:
    request_of['queries'][0]['sql'] = 'SELECT member_id, views AS visits, day, unused FROM raw_visits'
    request_of['views'][0]['columns']['unused'] = 'bigint'
    with pytest.raises(QueryError) as failure:
        script.run_queries(spark, request_of)
    assert str(failure.value) == 'daily: the query lacks views; it has, undeclared, visits, unused'


@pytest.mark.parametrize(
    ('sql', 'said'),
    [
        ("SELECT member_id, CAST('x' || member_id AS bigint) AS views, day FROM raw_visits", r'\[CAST_INVALID_INPUT\]'),
        ('SELECT member_id, views, day FROM raw_visists', 'TABLE_OR_VIEW_NOT_FOUND.*raw_visists'),
        ('SELECT member_id, views day FROM', 'PARSE_SYNTAX_ERROR'),
    ],
)
def test_a_failing_query_says_why_in_one_line(
    spark: SparkSession, request_of: dict[str, Any], sql: str, said: str
) -> None:
    request_of['queries'][0]['sql'] = sql
    with pytest.raises(QueryError, match=f'daily: .*{said}') as failure:
        script.run_queries(spark, request_of)
    assert '\n' not in str(failure.value)
