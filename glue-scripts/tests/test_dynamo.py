from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from dynamo_server import DynamoServer

from presage_spark.dynamo import FIRST_WAIT, LONGEST_WAIT, TRIES, Counts, DynamoWriter, attribute, same


@pytest.fixture
def server() -> Iterator[DynamoServer]:
    server = DynamoServer('predictions', ['member_id'])
    yield server
    server.close()


def client_of(server: DynamoServer) -> Any:
    return boto3.client(
        'dynamodb',
        region_name='eu-west-1',
        endpoint_url=server.url,
        aws_access_key_id='test',
        aws_secret_access_key='test',
        config=Config(retries={'total_max_attempts': 1}),
    )


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def writer(server: DynamoServer, waits: list[float]) -> DynamoWriter:
    return DynamoWriter(client_of(server), 'predictions', ['member_id'], sleep=waits.append, jitter=lambda: 1.0)


def items(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [
        {'member_id': {'S': f'm{i}'}, 'probability': {'N': '0.5'}, 'ttl': {'N': '1000000'}, **changes}
        for i in range(count)
    ]


def test_all_items_arrive_in_batches(writer: DynamoWriter, server: DynamoServer) -> None:
    assert writer.push(items(230)) == Counts(written=230)
    assert len(server.items) == 230
    assert server.requests.count('BatchWriteItem') == 10  # 4 a hundred, then 25 and 5


def test_a_second_push_of_the_same_items_writes_nothing(writer: DynamoWriter, server: DynamoServer) -> None:
    writer.push(items(230))
    assert writer.push(items(230)) == Counts(unchanged=230)
    assert server.puts == 230


def test_only_changed_and_missing_items_are_written(writer: DynamoWriter, server: DynamoServer) -> None:
    writer.push(items(100))
    changed = items(110)
    changed[7] = {**changed[7], 'probability': {'N': '0.51'}}
    assert writer.push(changed) == Counts(written=11, unchanged=99)


def test_a_push_that_was_cut_off_goes_on_where_it_ended(writer: DynamoWriter) -> None:
    writer.push(items(130))
    assert writer.push(items(900)) == Counts(written=770, unchanged=130)


def test_items_of_the_day_before_are_not_read_whole(writer: DynamoWriter, server: DynamoServer) -> None:
    writer.push(items(60, run_date={'S': '2026-11-19'}, model={'S': 'a'}))
    server.attributes_read = 0
    assert writer.push(items(60, run_date={'S': '2026-11-20'}, model={'S': 'a'})) == Counts(written=60)
    assert server.attributes_read == 60 * 3  # key, run date and model
    # Of two models of one day too, each wrote its own.
    assert writer.push(items(60, run_date={'S': '2026-11-20'}, model={'S': 'b'})) == Counts(written=60)


def test_an_older_day_does_not_overwrite_a_newer_one(writer: DynamoWriter, server: DynamoServer) -> None:
    writer.push(items(30, run_date={'S': '2026-11-20'}))
    older = items(250, run_date={'S': '2026-11-13'}, probability={'N': '0.9'})
    # The newer ones are the last of a push that begins with a whole batch of which nothing is there.
    assert writer.push(older[::-1]) == Counts(written=220, unchanged=30, newer=30)
    assert sum(item['run_date'] == {'S': '2026-11-20'} for item in server.items.values()) == 30


def test_a_later_day_overwrites(writer: DynamoWriter, server: DynamoServer) -> None:
    writer.push(items(5, run_date={'S': '2026-11-13'}))
    assert writer.push(items(5, run_date={'S': '2026-11-20'})) == Counts(written=5)


def test_items_handed_back_are_sent_again_until_they_are_in(
    writer: DynamoWriter, server: DynamoServer, waits: list[float]
) -> None:
    server.plan.extend([10, 3, 0, 12])
    assert writer.push(items(25)) == Counts(written=25)
    assert waits == [0.05, 0.05, 0.1]  # it only grows while nothing moves


@pytest.mark.parametrize(
    'code', ['ProvisionedThroughputExceededException', 'ThrottlingException', 'InternalServerError']
)
def test_throttling_and_faults_are_tried_again(writer: DynamoWriter, server: DynamoServer, code: str) -> None:
    server.plan.extend([code, code])
    assert writer.push(items(30)) == Counts(written=30)


def test_a_table_that_takes_nothing_is_given_up_and_everything_counted(
    writer: DynamoWriter, server: DynamoServer, waits: list[float]
) -> None:
    server.plan.extend([25, *['ThrottlingException'] * 1000])
    assert writer.push(items(300)) == Counts(written=25, failed=275, reason='ThrottlingException')
    assert len([wait for wait in waits if wait > FIRST_WAIT]) == TRIES - 1
    assert max(waits) <= LONGEST_WAIT


def test_a_missing_table_is_no_reason_to_wait(server: DynamoServer, waits: list[float]) -> None:
    other = DynamoWriter(client_of(server), 'elsewhere', ['member_id'], sleep=waits.append)
    with pytest.raises(ClientError, match='ResourceNotFound'):
        other.push(items(1))
    assert waits == []


def test_two_items_with_one_key_are_refused(writer: DynamoWriter) -> None:
    with pytest.raises(ValueError, match='1 items repeat the key'):
        writer.push([*items(3), *items(1)])


def test_a_ttl_that_is_a_day_short_is_renewed() -> None:
    def due(seconds: int) -> dict[str, Any]:
        return {'member_id': {'S': 'a'}, 'ttl': {'N': str(seconds)}}

    assert same(due(1_000_000), due(1_000_000 - 86_400))
    assert not same(due(1_000_000), due(1_000_000 - 86_401))


def test_numbers_are_compared_by_value() -> None:
    assert same({'p': {'N': '0.50'}}, {'p': {'N': '0.5'}})
    assert not same({'p': {'N': '0.5'}}, {'p': {'S': '0.5'}})
    assert not same({'p': {'N': '0.5'}}, {'p': {'N': '0.5'}, 'q': {'S': ''}})


@pytest.mark.parametrize('number', [0.1, 1 / 3, 1e-17, 2.5e-100, 123456789.123456789, -0.0, 1e125])
def test_doubles_keep_every_digit(number: float) -> None:
    assert float(Decimal(attribute(number)['N'])) == number


def test_other_types_are_text_or_flags() -> None:
    assert attribute(9_007_199_254_740_993) == {'N': '9007199254740993'}
    assert attribute(True) == {'BOOL': True}
    assert attribute(datetime.date(2026, 11, 20)) == {'S': '2026-11-20'}
    assert attribute(1e-200) == {'N': '0'}


@pytest.mark.parametrize('number', [float('nan'), float('inf'), 1e200])
def test_numbers_that_dynamodb_has_not_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match='no number'):
        attribute(number)
