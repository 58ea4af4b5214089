from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import push as script
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dynamo_server import DynamoServer
from pyspark.sql import SparkSession
from spark_testing import location

from presage_spark.dynamo import Counts
from presage_spark.errors import PushError

Push = Callable[..., dict[str, int]]
ROWS = 120


@pytest.fixture(scope='module')
def one_server(spark: SparkSession) -> Iterator[DynamoServer]:
    """One for all tests: Spark keeps its Python workers only as long as their environment stays the same."""
    server = DynamoServer('predictions', ['member_id'])
    workers = spark.sparkContext.environment
    workers.update(AWS_ENDPOINT_URL=server.url, AWS_ACCESS_KEY_ID='test', AWS_SECRET_ACCESS_KEY='test')
    yield server
    for name in ('AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        workers.pop(name)
    server.close()


@pytest.fixture
def server(one_server: DynamoServer) -> DynamoServer:
    one_server.empty()
    return one_server


@pytest.fixture
def push(spark: SparkSession, server: DynamoServer, tmp_path: Path) -> Push:
    """Pushes 120 predictions; `members` replaces them, other arguments change the request."""

    def run(members: list[str | None] | None = None, **changes: Any) -> dict[str, int]:
        folder = tmp_path / 'predictions'
        folder.mkdir(exist_ok=True)
        members = [f'm{i}' for i in range(ROWS)] if members is None else members
        rows = {
            'member_id': pa.array(members, pa.string()),
            'buyer_stage': ['Dreamer'] * len(members),
            'probability': [i / 7 for i in range(len(members))],
        }
        pq.write_table(pa.table(rows), folder / 'part.parquet')
        (tmp_path / 'report').mkdir(exist_ok=True)
        request = {
            'runDate': '2026-11-20',
            'model': 'pr-model-1',
            'table': 'predictions',
            'region': 'eu-west-1',
            'key': ['member_id'],
            'columns': {'member_id': 'varchar', 'buyer_stage': 'varchar', 'probability': 'double'},
            'predictions': location(folder),
            'expiresAt': 1_800_000_000,
            'report': location(tmp_path / 'report'),
        }
        return script.push(spark, {**request, **changes})

    return run


def test_every_prediction_becomes_an_item_with_its_run_model_and_ttl(push: Push, server: DynamoServer) -> None:
    assert push() == {'rows': ROWS, 'written': ROWS, 'unchanged': 0, 'failed': 0, 'newer': 0}
    item = next(item for item in server.items.values() if item['member_id']['S'] == 'm1')
    assert item == {
        'member_id': {'S': 'm1'},
        'buyer_stage': {'S': 'Dreamer'},
        'probability': {'N': repr(1 / 7)},
        'run_date': {'S': '2026-11-20'},
        'model': {'S': 'pr-model-1'},
        'ttl': {'N': '1800000000'},
    }


def test_the_same_push_again_writes_nothing_and_a_new_day_writes_all(push: Push, server: DynamoServer) -> None:
    push()
    assert push(expiresAt=1_800_000_300) == {'rows': ROWS, 'written': 0, 'unchanged': ROWS, 'failed': 0, 'newer': 0}
    assert push(runDate='2026-11-21')['written'] == ROWS


def test_a_throttled_table_still_gets_every_row(push: Push, server: DynamoServer) -> None:
    server.plan.extend(['ProvisionedThroughputExceededException', 3, 0, 'ThrottlingException', 20])
    assert push()['written'] == len(server.items) == ROWS


def test_no_predictions_are_no_failure(push: Push, tmp_path: Path) -> None:
    assert push(predictions=location(tmp_path / 'nothing'))['rows'] == 0


def test_repeated_keys_are_refused_before_anything_is_written(push: Push, server: DynamoServer) -> None:
    with pytest.raises(
        PushError, match=r'2 key\(s\) occur more than once among the predictions, for example member_id=a'
    ):
        push(['a', 'b', 'a', 'b', 'c'])
    assert server.puts == 0


def test_empty_keys_are_refused_before_anything_is_written(push: Push, server: DynamoServer) -> None:
    with pytest.raises(PushError, match='2 of 3 predictions have no member_id'):
        push(['a', None, ''])
    assert server.puts == 0


def test_an_older_day_leaves_newer_items_alone_and_counts_them(push: Push, server: DynamoServer) -> None:
    push(['a', 'b'], runDate='2026-11-20')
    assert push(['b', 'c'], runDate='2026-11-13') == {'rows': 2, 'written': 1, 'unchanged': 1, 'failed': 0, 'newer': 1}
    assert {item['member_id']['S']: item['run_date']['S'] for item in server.items.values()} == {
        'a': '2026-11-20',
        'b': '2026-11-20',
        'c': '2026-11-13',
    }


def test_rows_without_a_model_have_none(push: Push, server: DynamoServer) -> None:
    push(['a'], model=None)
    assert 'model' not in next(iter(server.items.values()))


def test_several_columns_after_the_first_are_one_sort_key(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [('Peru', 'frequency', '0-4', 1)], 'country string, name string, segment string, n int'
    )
    made, key = script.with_table_key(rows, ['country', 'name', 'segment'])
    assert key == ['country', 'name#segment']
    assert made.first().asDict()['name#segment'] == 'frequency#0-4'


def test_keys_that_are_equal_only_when_joined_are_refused(spark: SparkSession) -> None:
    rows = spark.createDataFrame([('x', 'a#b', 'c'), ('x', 'a', 'b#c')], 'k string, m string, n string')
    made, key = script.with_table_key(rows, ['k', 'm', 'n'])
    with pytest.raises(PushError, match='m#n=a#b#c'):
        script.refuse_unfit_keys(made, ['k', 'm', 'n'], key)


def test_a_missing_table_is_named_in_one_line(push: Push) -> None:
    with pytest.raises(PushError) as failure:
        push(table='elsewhere')
    assert str(failure.value).startswith('elsewhere: ')
    assert 'ResourceNotFoundException' in str(failure.value)
    assert '\n' not in str(failure.value)


def test_rows_that_did_not_arrive_are_counted_in_report_and_message(
    push: Push, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Counts(written=100, unchanged=5, failed=15, reason='ThrottlingException')
    monkeypatch.setattr(script, 'write', lambda *_: lost)
    with pytest.raises(PushError, match='15 did not arrive: ThrottlingException'):
        push()
    report = json.loads((tmp_path / 'report' / 'report.json').read_text())
    assert report == {'rows': ROWS, 'written': 100, 'unchanged': 5, 'failed': 15, 'newer': 0}
