"""Pushes the predictions of a run to its DynamoDB table.

Request: {"runDate", "model" or null, "table", "region", "key": [], "columns": {name: type}, "predictions": {"uri"},
"expiresAt": epoch seconds, "report": {"uri"}}. Report: {"rows", "written", "unchanged", "failed", "newer"}; it is
written too when rows failed and the script ends with PushError.

An item has the prediction's columns, `run_date`, `model` (where there is one) and `ttl`. The partition key of the table
is the first column of the row key; the sort key is the second or, of several, one attribute named `b#c` with the value
`x#y`. Every prediction of a new run is written, so an item's `run_date` tells its age; what a push of the same run and
model has already written is left alone, and so is an item of a later run date (see `DynamoWriter`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from presage_spark.dynamo import Counts, DynamoWriter, Item, attribute, client_of
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
    table, key = field(request, 'table'), field(request, 'key')
    rows, table_key = with_table_key(predictions(spark, request), key)
    expected = refuse_unfit_keys(rows, key, table_key)
    try:
        counts = write(rows, expected, table_key, request)
    except Exception as error:
        raise PushError(f'{table}: {explain(error)}') from error
    report = {
        'rows': expected,
        'written': counts.written,
        'unchanged': counts.unchanged,
        'failed': counts.failed,
        'newer': counts.newer,
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


def with_table_key(rows: DataFrame, key: list[str]) -> tuple[DataFrame, list[str]]:
    """The rows with the attributes of the table's key, and the names of these: one or two."""
    first, *others = key
    if len(others) < 2:
        return rows, key
    name = '#'.join(others)
    # null and not shorter where a part is missing, which is refused
    joined = F.concat(*[part for column in others for part in (F.lit('#'), F.col(column).cast('string'))][1:])
    return rows.withColumn(name, joined), [first, name]


def refuse_unfit_keys(rows: DataFrame, key: list[str], table_key: list[str]) -> int:
    """How many predictions there are. PushError if a key is empty or repeated.

    DynamoDB refuses a batch with two equal keys, and of two predictions for one key no one could say which to keep.
    """
    empty = F.lit(False)
    for name in key:
        empty = empty | F.col(name).isNull() | (F.col(name).cast('string') == '')
    total, without_key = rows.agg(F.count(F.lit(1)), F.count(F.when(empty, 1))).first()
    if without_key:
        raise PushError(f'{without_key} of {total} predictions have no {", ".join(key)}')
    repeated = rows.groupBy(*table_key).count().where('count > 1').orderBy(*table_key)
    first = repeated.first()
    if first is not None:
        example = ', '.join(f'{name}={first[name]}' for name in table_key)
        raise PushError(f'{repeated.count()} key(s) occur more than once among the predictions, for example {example}')
    return int(total)


def write(rows: DataFrame, expected: int, table_key: list[str], request: Request) -> Counts:
    """Writes from a bounded number of tasks; gives back the sum of what they did."""
    region, table, model = field(request, 'region'), request['table'], field(request, 'model')
    stamp = {
        'run_date': {'S': check_date(field(request, 'runDate'))},
        **({'model': {'S': model}} if model else {}),
        'ttl': {'N': str(int(field(request, 'expiresAt')))},
    }

    def write_part(part: Iterable[Row]) -> Iterator[Counts]:
        yield DynamoWriter(client_of(region), table, table_key).push(item_of(row, stamp) for row in part)

    writers = min(MOST_WRITERS, max(1, math.ceil(expected / ROWS_PER_WRITER)))
    done = rows.repartition(writers).rdd.mapPartitions(write_part).collect()
    return Counts(
        written=sum(part.written for part in done),
        unchanged=sum(part.unchanged for part in done),
        failed=sum(part.failed for part in done),
        newer=sum(part.newer for part in done),
        reason=next((part.reason for part in done if part.reason), ''),
    )


def item_of(row: Row, stamp: Item) -> Item:
    """A prediction as DynamoDB stores it; a null is an attribute that is not there."""
    return {**{name: attribute(value) for name, value in row.asDict().items() if value is not None}, **stamp}


if __name__ == '__main__':
    run_script('push', push)
