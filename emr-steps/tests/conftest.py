from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession
from spark_testing import start_spark, stop_spark


@pytest.fixture(scope='session')
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    session = start_spark(str(tmp_path_factory.mktemp('spark')))
    yield session
    stop_spark(session)
