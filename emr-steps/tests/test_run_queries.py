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
from spark_testing import location

DAY = datetime.date


@pytest.fixture
def request_of(tmp_path: Path) -> dict[str, Any]:
    """Two sources, one per format, and two tables of which the second reads the first."""
    raw = tmp_path / 'raw'
    (raw / 'visits').mkdir(parents=True)
    (raw / 'survey').mkdir()
    pq.write_table(
        pa.table(
            {
                'member_id': ['a', 'a', 'b', 'c'],
                'day': [DAY(2026, 1, 1), DAY(2026, 1, 2), DAY(2026, 1, 2), DAY(2026, 1, 9)],
                'views': pa.array([1, 2, None, 4], pa.int32()),
                'unused': [0, 0, 0, 0],
            }
        ),
        raw / 'visits' / 'one.parquet',
    )
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


def test_tables_are_written_in_order_and_counted(
    spark: SparkSession, request_of: dict[str, Any], tmp_path: Path
) -> None:
    report = script.run_queries(spark, request_of)
    assert report == {'tables': {'daily': {'rows': 3}, 'stages': {'rows': 2}}}
    rows = ds.dataset(tmp_path / 'out' / 'stages').to_table().sort_by('member_id').to_pylist()
    assert rows == [
        {'member_id': 'a', 'stage': 'Dreamer', 'views': 3},
        {'member_id': 'b', 'stage': 'Casual, Explorer', 'views': 0},
    ]
