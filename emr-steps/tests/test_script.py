from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pyspark.sql import SparkSession
from spark_testing import ROOT, location, submit_arguments, write_request

from presage_spark.errors import QueryError, SourceError, SparkError, explain


def test_a_failing_script_ends_with_one_clear_line_and_leaves_it_beside_its_report(
    spark: SparkSession, tmp_path: Path
) -> None:
    request = {
        'runDate': '2026-01-01',
        'views': [
            {'name': 'raw_survey', 'format': 'csv', 'columns': {'a': 'varchar'}, 'location': location(tmp_path / 'no')}
        ],
        'queries': [],
        'report': location(tmp_path / 'report'),
    }
    address = write_request(tmp_path / 'request.json', request)
    (tmp_path / 'report').mkdir()
    script = ROOT / 'emr-steps' / 'run_queries.py'
    # Glue gives a script arguments of its own, which are not the script's business.
    ended = subprocess.run(
        [sys.executable, str(script), '--JOB_NAME', 'x', '--request', address],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, 'PYSPARK_SUBMIT_ARGS': submit_arguments()},
    )
    message = f'raw_survey: there is no data at {(tmp_path / "no").as_uri()}'
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1] == f'SourceError: {message}'
    assert json.loads((tmp_path / 'report' / 'error.json').read_text()) == {'error': 'SourceError', 'message': message}
    assert not (tmp_path / 'report' / 'report.json').exists()


def test_a_traceback_of_a_worker_is_reduced_to_what_happened() -> None:
    class PythonException(Exception):
        pass

    text = (
        'An exception\nTraceback (most recent call last):\n  File "x", line 1\nbotocore.X.ThrottlingException: slow\n\n'
    )
    assert str(explain(PythonException(text))) == 'botocore.X.ThrottlingException: slow'


def test_errors_about_values_are_the_query_and_others_are_spark() -> None:
    assert isinstance(explain(ValueError('[CAST_INVALID_INPUT] no number')), QueryError)
    assert str(explain(OSError('disk full'))) == 'OSError: disk full'
    assert isinstance(explain(OSError('disk full')), SparkError)


def test_messages_have_one_line_and_an_end() -> None:
    assert str(SourceError('a\n  b\n\nthe plan')) == 'a b'
    assert len(str(SourceError('x' * 5_000))) == 1_000
