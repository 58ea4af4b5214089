from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'emr-steps' / 'tests'))

from spark_testing import start_spark, stop_spark


@pytest.fixture(scope='session')
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    session = start_spark(str(tmp_path_factory.mktemp('spark')))
    yield session
    stop_spark(session)
