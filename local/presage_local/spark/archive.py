"""A class-data archive of Spark's Java: made once for a machine, it takes seconds off every start.

    python -m presage_local.spark.archive CACHE_FOLDER

makes it, if it is not there; jobs use it when it is. Java 17 cannot make one beside real work without slowing its
end, so a process of its own runs a small session for it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from .. import processes
from ..jobs import base_env
from ..settings import state_dir
from . import settings

_making = threading.Lock()
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
    """Where archives are kept: beside the state folder, so that a fresh state finds them."""
    return state_dir().parent / 'cache'


def archive_file(cache: Path) -> Path:
    """The archive of these very packages on this machine."""
    import pyspark

    parts = [pyspark.__version__, str(Path(pyspark.__file__).parent), str(settings.java_home()), os.uname().machine]
    parts.append(settings.java_options(''))
    return cache / f'spark-{hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]}.jsa'


def use() -> str:
    """The Java option that uses the archive; empty while there is none."""
    file = archive_file(cache_dir())
    # Without the log option a refused archive prints a warning into every job's log.
    return f'-XX:SharedArchiveFile={file} -Xlog:cds=off -Xlog:cds+dynamic=off' if file.exists() else ''


def make(cache: Path) -> bool:
    """Make the archive if it is not there. False if it could not be made: jobs then run without."""
    file = archive_file(cache)
    if file.exists():
        return True
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='spark-archive-', dir=cache) as name:
        folder = Path(name)
        part = folder / 'part.jsa'
        environment = settings.environment(folder, f'-XX:ArchiveClassesAtExit={part} -Xlog:cds=off', {}, [])
        child = processes.spawn(
            ['nice', '-n', '10', sys.executable, '-c', _WARM_UP, folder.as_uri()],
            env={**base_env(), **environment},
            cwd=folder,
        )
        try:
            child.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        finally:
            processes.end(child)
        if child.returncode != 0 or not part.exists():
            return False
        part.replace(file)
    return True


def make_in_background() -> None:
    """Make the archive beside other work, once; for the jobs that come later."""

    def work() -> None:
        if _making.acquire(blocking=False):
            try:
                make(cache_dir())
            except (OSError, RuntimeError):
                pass  # the server is stopping or the disk is full: jobs run without
            finally:
                _making.release()

    if not archive_file(cache_dir()).exists():
        threading.Thread(target=work, daemon=True, name='spark-archive').start()


if __name__ == '__main__':
    sys.exit(0 if make(Path(sys.argv[1])) else 1)
