from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make_datasets as script
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from spark_testing import data_files, location

MEMBERS = [f'm{i:03}' for i in range(200)]
DAYS = ['2026-01-01', '2026-01-02']
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def make(spark: SparkSession, tmp_path: Path) -> Make:
    """Runs the script on 200 members with two labelled days each; keyword arguments change the request."""
    pq.write_table(
        pa.table(
            {
                'member_id': [m for m in MEMBERS for _ in DAYS],
                'day': DAYS * len(MEMBERS),
                'visits': pa.array(range(400), pa.int64()),
                'dwell': [i / 3 for i in range(400)],
                'stage': ['Dreamer' if i % 4 else 'Ready, to go' for i in range(400)],
            }
        ),
        tmp_path / 'rows.parquet',
    )

    def run(**changes: Any) -> dict[str, Any]:
        request = {
            'runDate': '2026-01-02',
            'views': [
                {
                    'name': 'answers',
                    'format': 'parquet',
                    'columns': {
                        'member_id': 'varchar',
                        'day': 'date',
                        'visits': 'bigint',
                        'dwell': 'double',
                        'stage': 'varchar',
                    },
                    'location': location(tmp_path / 'rows.parquet'),
                }
            ],
            'training': {'sql': 'SELECT member_id, day, visits, dwell, stage FROM answers'},
            'inference': {'sql': 'SELECT member_id, visits, dwell FROM answers WHERE day = :run_date'},
            'trainingKey': ['member_id', 'day'],
            'key': ['member_id'],
            'entity': ['member_id'],
            'features': ['dwell', 'visits'],
            'label': 'stage',
            'classes': ['Dreamer', 'Ready, to go'],
            'holdout': {'percent': 20},
            'datasets': {name: location(tmp_path / name) for name in ('train', 'validation', 'holdout', 'inference')},
            'report': location(tmp_path / 'report'),
        }
        return script.make_datasets(spark, {**request, **changes})

    return run


def csv_rows(folder: Path) -> list[list[str]]:
    return [row for path in data_files(folder) for row in csv.reader(path.open(newline=''))]


def test_members_are_dealt_out_by_their_hash_and_every_row_is_somewhere(make: Make, tmp_path: Path) -> None:
    report = make()
    held = {row[0] for row in csv_rows(tmp_path / 'holdout')}
    digests = {member: hashlib.md5(member.encode()).hexdigest() for member in MEMBERS}
    assert held == {member for member, digest in digests.items() if int(digest[:8], 16) % 100 < 20}
    validating = [m for m, d in digests.items() if m not in held and int(d[8:16], 16) % 100 < 20]
    assert report['validationRows'] == 2 * len(validating)
    assert report['trainRows'] + report['validationRows'] + report['holdoutRows'] == 400
    assert report['inferenceRows'] == 200
