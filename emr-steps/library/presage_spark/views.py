"""What the queries read: raw files and published tables as temporary views, by the names of the catalogue."""

from __future__ import annotations

import datetime
import functools
import re
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from presage_spark.errors import RequestError, ScriptError, SourceError, explain
from presage_spark.files import data_files

SPARK_TYPES = {
    'varchar': 'string',
    'bigint': 'bigint',
    'integer': 'int',
    'double': 'double',
    'boolean': 'boolean',
    'date': 'date',
    'timestamp': 'timestamp',
}

# As Athena's OpenCSVSerDe reads: one record a line, fields in double quotes may hold commas and doubled quotes, every
# column a string, a short record has nulls at its end. With `enforceSchema` off, a file whose header differs from the
# first file's stops the read instead of having its columns taken for others.
CSV = {
    'header': 'true',
    'sep': ',',
    'quote': '"',
    'escape': '"',
    'multiLine': 'false',
    'inferSchema': 'false',
    'enforceSchema': 'false',
    'mode': 'PERMISSIVE',
}


def register_views(spark: SparkSession, views: list[dict[str, Any]], run_date: str) -> None:
    """Makes a temporary view of each. SourceError naming every view and column that is wrong, all at once.

    A view is {name, format: csv|parquet, columns: {name: type}, partitionTypes?: {name: type}, runDate?: bool,
    location: {uri} | null}. It has the declared columns in order, typed as declared (CSV: all strings), then the
    partition columns, then `run_date` if `runDate` says so. No location (an optional source that is absent) is a
    view without rows. With `runDates: [{runDate, location: {uri}}]` instead, it is Parquet of ours of several days,
    and a run date without a file is one without rows.
    """
    problems = []
    for view in views:
        try:
            read_view(spark, view, run_date).createOrReplaceTempView(view['name'])
        except ScriptError as error:
            problems.append(str(error))
    if problems:
        raise SourceError('; '.join(problems))


def read_view(spark: SparkSession, view: dict[str, Any], run_date: str) -> DataFrame:
    """The rows of one view; see `register_views`."""
    if 'runDates' in view:
        return _of_run_dates(spark, view)
    name, location = view['name'], view.get('location')
    text = view['format'] == 'csv'
    types = {
        **{column: 'varchar' if text else kind for column, kind in view['columns'].items()},
        **view.get('partitionTypes', {}),
    }
    if location is None:
        frame = spark.createDataFrame([], _schema(types))
    elif view.get('runDate'):  # a table of ours: its files are as declared, and need not be opened to find out
        frame = _ours(spark, name, location['uri'], types)
    else:
        frame = _select(_read(spark, name, view['format'], location['uri']), types, name)
    return frame.withColumn('run_date', run_date_column(run_date)) if view.get('runDate') else frame


def _of_run_dates(spark: SparkSession, view: dict[str, Any]) -> DataFrame:
    types = view['columns']
    frames = [spark.createDataFrame([], _schema({**types, 'run_date': 'date'}))]
    for part in view['runDates']:
        uri = part['location']['uri']
        if any(size for _, size in data_files(spark, uri)):
            rows = _ours(spark, view['name'], uri, types)
            frames.append(rows.withColumn('run_date', run_date_column(part['runDate'])))
    return functools.reduce(DataFrame.unionByName, frames)


def _ours(spark: SparkSession, name: str, uri: str, types: dict[str, str]) -> DataFrame:
    if not any(size for _, size in data_files(spark, uri)):
        raise SourceError(f'{name}: there is no data at {uri}')
    return spark.read.schema(_schema(types)).parquet(uri).select(*types)


def _schema(types: dict[str, str]) -> str:
    return ', '.join(f'`{column}` {spark_type(kind)}' for column, kind in types.items())


def read_any(spark: SparkSession, name: str, kind: str, uri: str) -> DataFrame:
    """Files as they are, column names lower case and trimmed. SourceError if there is nothing to read."""
    frame = _read(spark, name, kind, uri)
    return frame.toDF(*[_plain(column) for column in frame.columns])


def _read(spark: SparkSession, name: str, kind: str, uri: str) -> DataFrame:
    if not any(size for _, size in data_files(spark, uri)):
        raise SourceError(f'{name}: there is no data at {uri}')
    try:
        if kind == 'csv':
            return spark.read.options(**CSV).csv(uri)
        if kind == 'parquet':
            return spark.read.parquet(uri)
    except Exception as error:
        raise SourceError(f'{name}: {explain(error)}') from error
    raise RequestError(f'{name}: the format {kind} is none of csv, parquet')


def _select(frame: DataFrame, types: dict[str, str], name: str) -> DataFrame:
    """The declared columns in order, found by name whatever the case, each cast to its type."""
    there = {_plain(column): column for column in frame.columns}
    missing = [column for column in types if column not in there]
    if missing:
        raise SourceError(f'{name}: missing column(s) {", ".join(missing)}; found {", ".join(frame.columns)}')
    try:
        return frame.select(*[F.col(f'`{there[c]}`').cast(spark_type(t)).alias(c) for c, t in types.items()])
    except Exception as error:
        raise SourceError(f'{name}: {explain(error)}') from error


def _plain(column: str) -> str:
    """Header names as people mean them: without a byte order mark, blanks around or capitals."""
    return column.lstrip('\ufeff').strip().lower()


def spark_type(declared: str) -> str:
    if declared not in SPARK_TYPES:
        raise RequestError(f'{declared} is no type; known: {", ".join(SPARK_TYPES)}')
    return SPARK_TYPES[declared]


def run_date_column(run_date: str) -> Column:
    return F.lit(check_date(run_date)).cast('date')


def with_run_date(sql: str, run_date: str) -> str:
    """`:run_date` as a DATE literal. Other parameters of a query are in its text already."""
    return re.sub(r':run_date\b', f"DATE '{check_date(run_date)}'", sql)


def check_date(run_date: str) -> str:
    try:
        return datetime.date.fromisoformat(run_date).isoformat()
    except (TypeError, ValueError):
        raise RequestError(f'runDate is {run_date!r}, use YYYY-MM-DD') from None
