"""What the engine uses of MiniStack's inside. A failure here says what moved, before queries fail in odd ways."""

from __future__ import annotations

import inspect

import ministack.services.athena as athena
import ministack.services.glue as glue
import ministack.services.s3 as s3
import pytest
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict


@pytest.mark.parametrize('name', ['_databases', '_tables', '_partitions', '_jobs'])
def test_glue_keeps_its_catalogue_where_queries_look_for_it(name: str) -> None:
    assert isinstance(getattr(glue, name), AccountRegionScopedDict)


@pytest.mark.parametrize(
    'name',
    [
        '_create_table',
        '_delete_table',
        '_create_database',
        '_delete_database',
        '_create_partition',
        '_delete_partition',
    ],
)
def test_glue_changes_its_catalogue_by_functions_of_a_request(name: str) -> None:
    assert list(inspect.signature(getattr(glue, name)).parameters) == ['data']


def test_s3_keeps_objects_by_bucket_and_one_file_each() -> None:
    assert isinstance(s3._buckets, AccountScopedDict)
    assert list(inspect.signature(s3._object_disk_path).parameters)[:2] == ['bucket', 'key']
    assert list(inspect.signature(s3._get_object_data).parameters)[:2] == ['bucket_name', 'key']
    assert isinstance(s3.S3_PERSIST, bool)


def test_athena_keeps_workgroups_where_queries_look_for_them() -> None:
    assert isinstance(athena._workgroups, AccountRegionScopedDict)
    athena._ensure_default_workgroup()
    assert 'Configuration' in athena._workgroups['primary']
