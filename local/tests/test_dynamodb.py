"""DynamoDB as MiniStack has it: the rules the push and the run table rely on, to notice when they change."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.cloud import Cloud


@pytest.fixture(scope='module')
def table(cloud: Cloud) -> str:
    cloud.client('dynamodb').create_table(
        TableName='rules',
        BillingMode='PAY_PER_REQUEST',
        AttributeDefinitions=[{'AttributeName': 'k', 'AttributeType': 'S'}],
        KeySchema=[{'AttributeName': 'k', 'KeyType': 'HASH'}],
    )
    return 'rules'


def puts(*keys: str) -> list[dict[str, Any]]:
    return [{'PutRequest': {'Item': {'k': {'S': key}}}} for key in keys]


def test_a_batch_of_more_than_25_items_is_refused(cloud: Cloud, table: str) -> None:
    dynamodb = cloud.client('dynamodb')
    with pytest.raises(dynamodb.exceptions.ClientError, match='ValidationException'):
        dynamodb.batch_write_item(RequestItems={table: puts(*map(str, range(26)))})


def test_a_batch_with_two_equal_keys_is_refused_whole(cloud: Cloud, table: str) -> None:
    dynamodb = cloud.client('dynamodb')
    with pytest.raises(dynamodb.exceptions.ClientError, match='duplicates'):
        dynamodb.batch_write_item(RequestItems={table: puts('same', 'same', 'alone')})
    assert 'Item' not in dynamodb.get_item(TableName=table, Key={'k': {'S': 'alone'}})


def test_a_conditional_put_happens_once(cloud: Cloud, table: str) -> None:
    dynamodb = cloud.client('dynamodb')
    put = {'TableName': table, 'Item': {'k': {'S': 'lock'}}, 'ConditionExpression': 'attribute_not_exists(k)'}
    dynamodb.put_item(**put)
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(**put)


def test_an_item_of_a_wrong_key_type_is_refused(cloud: Cloud, table: str) -> None:
    dynamodb = cloud.client('dynamodb')
    with pytest.raises(dynamodb.exceptions.ClientError, match='ValidationException'):
        dynamodb.put_item(TableName=table, Item={'k': {'N': '1'}})


def test_an_expired_item_is_still_read_until_it_is_swept(cloud: Cloud, table: str) -> None:
    dynamodb = cloud.client('dynamodb')
    specification = {'Enabled': True, 'AttributeName': 'ttl'}
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)
    item = {'k': {'S': 'old'}, 'ttl': {'N': str(int(time.time()) - 60)}}
    dynamodb.put_item(TableName=table, Item=item)
    assert 'Item' in dynamodb.get_item(TableName=table, Key={'k': {'S': 'old'}})
