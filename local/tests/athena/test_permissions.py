"""A query may do what its caller may do, no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import allow

from .conftest import Lake


@pytest.fixture
def orders(lake: Lake) -> Lake:
    """A lake with one table."""
    lake.parquet('orders/a.parquet', id=[1])
    lake.table('orders', {'id': 'bigint'})
    return lake


def statements(lake: Lake) -> dict[str, dict[str, Any]]:
    """What a caller needs, each by name."""
    bucket = f'arn:aws:s3:::{lake.bucket}'
    glue = [
        'arn:aws:glue:eu-west-1:000000000000:catalog',
        f'arn:aws:glue:eu-west-1:000000000000:database/{lake.database}',
        f'arn:aws:glue:eu-west-1:000000000000:table/{lake.database}/*',
    ]
    return {
        'athena': allow(['athena:StartQueryExecution', 'athena:GetQueryExecution'], '*'),
        'catalogue': allow(['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions'], glue),
        'list': allow(['s3:ListBucket', 's3:GetBucketLocation'], bucket),
        'read': allow('s3:GetObject', f'{bucket}/orders/*'),
        'write': allow('s3:PutObject', f'{bucket}/results/*'),
    }


def run_without(lake: Lake, missing: str) -> dict[str, Any]:
    """The status of a query of a caller who lacks one permission."""
    granted = [statement for name, statement in statements(lake).items() if name != missing]
    caller = lake.cloud.as_role('athena', lake.cloud.role('lambda.amazonaws.com', *granted))
    status: dict[str, Any] = lake.run('SELECT id FROM orders', caller)['Status']
    return status


def test_a_caller_with_all_permissions_gets_rows(orders: Lake) -> None:
    assert run_without(orders, 'nothing')['State'] == 'SUCCEEDED'


@pytest.mark.parametrize(
    ('missing', 'named'),
    [
        ('catalogue', 'glue:Get'),
        ('list', 'output bucket'),
        ('read', 's3:GetObject'),
        ('write', 'writing output to url'),
    ],
)
def test_a_caller_without_one_of_them_is_told_which(orders: Lake, missing: str, named: str) -> None:
    status = run_without(orders, missing)
    assert status['State'] == 'FAILED'
    assert named in status['StateChangeReason']


def test_unload_needs_the_permission_to_write_its_target(orders: Lake) -> None:
    caller = orders.cloud.as_role('athena', orders.cloud.role('lambda.amazonaws.com', *statements(orders).values()))
    sql = f"UNLOAD (SELECT id FROM orders) TO 's3://{orders.bucket}/elsewhere/' WITH (format = 'PARQUET')"
    assert 'Access denied when writing output' in orders.run(sql, caller)['Status']['StateChangeReason']
    assert orders.keys('elsewhere/') == []
