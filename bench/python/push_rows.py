"""Prints, as JSON, rows per second into one DynamoDB table: {"push": […], "small": […], "puts": […]}, one a round.

    python push_rows.py ROWS FEW ROUNDS

`push` is the write function of glue-scripts/push.py with ROWS predictions, `small` the same with FEW, `puts` one
put_item after the other of these FEW (its rate is the same for any number; it would only take longer). Where DynamoDB
is, the environment says. Each round writes every row as a new run's, so that none is there already.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3
import push as script
from pyspark.sql import DataFrame, SparkSession

from presage_spark.script import session

TABLE, REGION, RUN_DATE = 'presage-bench-predictions', 'eu-west-1', '2026-11-20'


def predictions(spark: SparkSession, rows: int) -> DataFrame:
    """As many predictions as asked for, of buyer-stage's shape, computed before anything is measured."""
    frame = spark.sql(
        f"""SELECT concat('member-', id) AS member_id, DATE '{RUN_DATE}' AS snapshot_date,
                   element_at(array('Dreamer', 'Casual Explorer', 'Active Searcher'), cast(id % 3 + 1 AS int)) AS stage,
                   rand(1) AS probability
            FROM range({rows})"""
    )
    kept = frame.cache()
    kept.count()
    return kept


def make_table(client: Any) -> None:
    client.create_table(
        TableName=TABLE,
        BillingMode='PAY_PER_REQUEST',
        AttributeDefinitions=[{'AttributeName': 'member_id', 'AttributeType': 'S'}],
        KeySchema=[{'AttributeName': 'member_id', 'KeyType': 'HASH'}],
    )
    client.get_waiter('table_exists').wait(TableName=TABLE)


def push(frame: DataFrame, rows: int, model: str) -> float:
    request = {
        'runDate': RUN_DATE,
        'model': model,
        'table': TABLE,
        'region': REGION,
        'key': ['member_id'],
        'expiresAt': 2_000_000_000,
    }
    start = time.perf_counter()
    counts = script.write(frame, rows, request['key'], request)
    taken = time.perf_counter() - start
    if counts.written != rows:
        raise RuntimeError(f'of {rows} rows {counts} were written')
    return rows / taken


def puts(client: Any, frame: DataFrame, model: str) -> float:
    stamp = {'run_date': {'S': RUN_DATE}, 'model': {'S': model}, 'ttl': {'N': '2000000000'}}
    items = [script.item_of(row, stamp) for row in frame.collect()]
    start = time.perf_counter()
    for item in items:
        client.put_item(TableName=TABLE, Item=item)
    return len(items) / (time.perf_counter() - start)


def main() -> None:
    rows, few, rounds = (int(argument) for argument in sys.argv[1:])
    client: Any = boto3.client('dynamodb', region_name=REGION)
    make_table(client)
    spark = session('presage-bench')
    try:
        many, some = predictions(spark, rows), predictions(spark, few)
        sides: dict[str, Callable[[str], float]] = {
            'push': lambda model: push(many, rows, model),
            'small': lambda model: push(some, few, model),
            'puts': lambda model: puts(client, some, model),
        }
        push(some, few, 'warm-up')
        found: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(rounds):
            for name in sides if number % 2 == 0 else reversed(sides):
                found[name].append(sides[name](f'{name}-{number}'))
        print(json.dumps(found))
    finally:
        spark.stop()


if __name__ == '__main__':
    main()
