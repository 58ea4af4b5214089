"""Pushes the predictions of a run to its DynamoDB table.

Request: {"runDate", "model", "table", "region", "key": [], "columns": {name: type}, "predictions": {"uri"},
"expiresAt": epoch seconds, "report": {"uri"}}. Report: {"rows", "written", "unchanged", "failed"}; it is written too
when rows failed and the script ends with PushError.

An item has the prediction's columns, `run_date`, `model` and `ttl`. The key of the table is the row key, one or two
columns. Every prediction of a new run is written, so an item's `run_date` tells its age; only what a push of the same
run and model has already written is left alone (see `DynamoWriter`), which makes a repeated push free of writes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from presage_spark.dynamo import Counts, DynamoWriter, Item, attribute
from presage_spark.errors import PushError, explain
from presage_spark.files import data_files, join, write_json
from presage_spark.script import Request, field, run_script
from presage_spark.views import check_date, read_view

ROWS_PER_WRITER = 5_000
# Writers at the same time. Twenty keep a table busy that takes tens of thousands of writes a second; more would only
# throttle each other.
MOST_WRITERS = 20


def push(spark: SparkSession, request: Request) -> dict[str, int]:
    """All predictions of a run; gives back the report. PushError when a key is repeated or any row did not arrive."""
    table = field(request, 'table')
    rows = predictions(spark, request)
    expected = refuse_unfit_keys(rows, field(request, 'key'))
    try:
        counts = write(rows, expected, request)
    except Exception as error:
        raise PushError(f'{table}: {explain(error)}') from error
    report = {
        'rows': expected,
        'written': counts.written,
        'unchanged': counts.unchanged,
        'failed': counts.failed,
    }
    if counts.written + counts.unchanged != expected:
        write_json(spark, join(request['report']['uri'], 'report.json'), report)
        raise PushError(
            f'{table}: of {expected} predictions {counts.written} were written, {counts.unchanged} were there already '
            f'and {counts.failed} did not arrive: {counts.reason or "the counts do not add up"}. '
            'Push again when the table takes writes: what has arrived is not written twice'
        )
    return report


def predictions(spark: SparkSession, request: Request) -> DataFrame:
    uri = field(request, 'predictions')['uri']
    view = {'name': 'predictions', 'format': 'parquet', 'columns': field(request, 'columns')}
    return read_view(
        spark, {**view, 'location': {'uri': uri} if any(data_files(spark, uri)) else None}, request['runDate']
    )


def refuse_unfit_keys(rows: DataFrame, key: list[str]) -> int:
    """How many predictions there are. PushError if a key is empty or repeated.

    DynamoDB refuses a batch with two equal keys, and of two predictions for one key no one could say which to keep.
    """
    if len(key) not in (1, 2):
        raise PushError(f'A DynamoDB table has one or two key columns, not {len(key)}: {", ".join(key)}')
    empty = F.lit(False)
    for name in key:
        empty = empty | F.col(name).isNull() | (F.col(name).cast('string') == '')
    total, without_key = rows.agg(F.count(F.lit(1)), F.count(F.when(empty, 1))).first()
    if without_key:
        raise PushError(f'{without_key} of {total} predictions have no {", ".join(key)}')
    repeated = rows.groupBy(*key).count().where('count > 1').orderBy(*key)
    first = repeated.first()
    if first is not None:
        example = ', '.join(f'{name}={first[name]}' for name in key)
        raise PushError(f'{repeated.count()} key(s) occur more than once among the predictions, for example {example}')
    return int(total)


def write(rows: DataFrame, expected: int, request: Request) -> Counts:
    """Writes from a bounded number of tasks; gives back the sum of what they did."""
    region, table, key = field(request, 'region'), request['table'], request['key']
    stamp = {
        'run_date': {'S': check_date(field(request, 'runDate'))},
        'model': {'S': field(request, 'model')},
        'ttl': {'N': str(int(field(request, 'expiresAt')))},
    }

    def write_part(part: Iterable[Row]) -> Iterator[Counts]:
        import boto3  # on the workers only, and only by this script
        from botocore.config import Config

        retries: Any = {'total_max_attempts': 1}  # DynamoWriter retries, and counts
        client = boto3.client('dynamodb', region_name=region, config=Config(retries=retries, read_timeout=30))
        yield DynamoWriter(client, table, key).push(item_of(row, stamp) for row in part)

    writers = min(MOST_WRITERS, max(1, math.ceil(expected / ROWS_PER_WRITER)))
    done = rows.repartition(writers).rdd.mapPartitions(write_part).collect()
    return Counts(
        written=sum(part.written for part in done),
        unchanged=sum(part.unchanged for part in done),
        failed=sum(part.failed for part in done),
        reason=next((part.reason for part in done if part.reason), ''),
    )


def item_of(row: Row, stamp: Item) -> Item:
    """A prediction as DynamoDB stores it; a null is an attribute that is not there."""
    return {**{name: attribute(value) for name, value in row.asDict().items() if value is not None}, **stamp}


if __name__ == '__main__':
    run_script('push', push)
