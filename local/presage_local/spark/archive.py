"""A class-data archive of Spark's Java: made once for a machine, it takes seconds off every start.

    python -m presage_local.spark.archive

makes it, if it is not there; jobs use it when it is. That is work for the set-up: it takes half a minute of a core,
which beside a run of the pipeline would cost more than it saves.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .. import processes
from ..jobs import base_env
from . import settings

_SECONDS = 120

# Touches what feature jobs touch: SQL, joins, aggregation, windows, Parquet, CSV and JSON.
_WARM_UP = r"""
import sys
from pyspark.sql import SparkSession
folder = sys.argv[1]
spark = SparkSession.builder.appName('archive').getOrCreate()
rows = [(i % 7, float(i), str(i), '2020-01-01') for i in range(50)]
frame = spark.createDataFrame(rows, 'k int, x double, s string, d string')
frame.write.mode('overwrite').partitionBy('d').parquet(folder + '/p')
frame.write.mode('overwrite').csv(folder + '/c')
frame.write.mode('overwrite').json(folder + '/j')
spark.read.schema('k int, x double, s string').csv(folder + '/c').createOrReplaceTempView('c')
spark.read.json(folder + '/j').count()
spark.read.parquet(folder + '/p').createOrReplaceTempView('t')
spark.sql('''
  WITH w AS (
    SELECT k, x, s, CAST(d AS date) AS d, row_number() OVER (PARTITION BY k ORDER BY x DESC NULLS LAST, s) AS n FROM t
  )
  SELECT a.k, count(*) AS n, sum(a.x) AS x, avg(b.x) AS y, max(a.d) AS d, coalesce(max(b.s), '') AS s
  FROM w AS a FULL OUTER JOIN c AS b ON a.k = b.k WHERE a.n > 0 OR b.k IS NULL GROUP BY a.k ORDER BY a.k
''').write.mode('overwrite').parquet(folder + '/o')
process = spark.sparkContext._gateway.proc
spark.stop()
process.stdin.close()
process.wait()
"""


def cache_dir() -> Path:
    """Where the archive is kept: in the Python environment whose packages it is made of, gone when that is."""
    return Path(sys.prefix) / 'share' / 'presage' / 'spark'


def _files() -> tuple[Path, Path]:
    """The archives of these very packages: Java's own classes (this Java comes without), and Spark's over them."""
    import pyspark

    parts = [pyspark.__version__, str(Path(pyspark.__file__).parent), str(settings.java_home()), os.uname().machine]
    parts.append(settings.java_options(''))
    mark = hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]
    return cache_dir() / f'java-{mark}.jsa', cache_dir() / f'spark-{mark}.jsa'


def use() -> str:
    """The Java option that uses the archive; empty while there is none."""
    java, spark = _files()
    # Without the log options an archive that does not fit prints a warning into every job's log.
    quiet = '-Xlog:cds=off -Xlog:cds+dynamic=off'
    return f'-XX:SharedArchiveFile={java}{os.pathsep}{spark} {quiet}' if java.exists() and spark.exists() else ''


def make() -> bool:
    """Make the archive if it is not there (about half a minute). False if it could not be made: jobs run without."""
    java, spark = _files()
    if java.exists() and spark.exists():
        return True
    cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='making-', dir=cache_dir()) as name:
        folder = Path(name)
        dump = [str(settings.java_home() / 'bin' / 'java'), *settings.java_options('').split(), '-Xshare:dump']
        part = folder / 'part.jsa'
        if not _run([*dump, f'-XX:SharedArchiveFile={part}'], {}, folder) or not part.exists():
            return False
        part.replace(java)
        over = f'-XX:SharedArchiveFile={java} -XX:ArchiveClassesAtExit={part} -Xlog:cds=off'
        environment = settings.environment(folder, over, {}, [], 0)
        if not _run([sys.executable, '-c', _WARM_UP, folder.as_uri()], environment, folder) or not part.exists():
            return False
        part.replace(spark)
    return True


def _run(command: list[str], environment: Mapping[str, str], folder: Path) -> bool:
    child = processes.spawn(command, env={**base_env(), **environment}, cwd=folder)
    try:
        return child.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        processes.end(child)


if __name__ == '__main__':
    sys.exit(0 if make() else 1)
