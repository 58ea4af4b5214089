"""Prints, as JSON, rows per second into one DynamoDB table: {"push": [… a round], "puts": [… a round]}.

    python push_rows.py ROWS ROUNDS

`push` is the write function of glue-scripts/push.py, `puts` one put_item after the other of the same items. Where
DynamoDB is, the environment says. Each round writes every row as a new run's, so that none is there already.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import boto3
import push as script
from presage_spark.script import session
from pyspark.sql import DataFrame, SparkSession

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
    counts = script.write(frame, rows, request)
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
    rows, rounds = int(sys.argv[1]), int(sys.argv[2])
    client: Any = boto3.client('dynamodb', region_name=REGION)
    make_table(client)
    spark = session('presage-bench')
    try:
        frame = predictions(spark, rows)
        push(frame, rows, 'warm-up')
        found: dict[str, list[float]] = {'push': [], 'puts': []}
        for number in range(rounds):
            for side in ('push', 'puts') if number % 2 == 0 else ('puts', 'push'):
                model = f'{side}-{number}'
                found[side].append(push(frame, rows, model) if side == 'push' else puts(client, frame, model))
        print(json.dumps(found))
    finally:
        spark.stop()


if __name__ == '__main__':
    main()
