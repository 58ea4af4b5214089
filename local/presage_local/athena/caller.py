"""A query runs with the permissions of whoever started it: the catalogue, the data and the place of the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ministack.app as app
import ministack.core.iam_evaluator as evaluator
from ministack.core.responses import get_account_id, get_region

from .. import iam
from .errors import QueryError
from .storage import Location

# The IAM action of a query's needs, and the service whose resource policies count.
_GLUE, _S3 = 'glue', 's3'


def _allowed(service: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
    if not app.AUTH:
        return True
    if iam.acting_role.get():
        return iam.role_allows(iam.acting_role.get(), action, resource, dict(context or {}))
    question = evaluator.enforce(iam.request_key.get(), action, service, get_region(), resource, dict(context or {}))
    return question is None


def check_glue(action: str, database: str, table: str = '') -> None:
    """QueryError unless the caller may do this to a table (and its database and the catalogue, as Glue demands)."""
    prefix = f'arn:aws:glue:{get_region()}:{get_account_id()}'
    resources = [f'{prefix}:catalog', f'{prefix}:database/{database}']
    if table:
        resources.append(f'{prefix}:table/{database}/{table}')
    for resource in resources:
        if not _allowed(_GLUE, f'glue:{action}', resource):
            raise QueryError(
                'ACCESS_DENIED',
                'Insufficient permissions to execute the query. The caller is not authorized to perform: '
                f'glue:{action} on resource: {resource}',
            )


def check_list(folder: Location) -> None:
    """QueryError unless the caller may list the keys under a prefix."""
    resource = f'arn:aws:s3:::{folder.bucket}'
    if not _allowed(_S3, 's3:ListBucket', resource, {'s3:prefix': folder.key}):
        raise QueryError(
            'PERMISSION_DENIED', f'Access Denied (Service: Amazon S3; Status Code: 403): s3:ListBucket on {folder}'
        )


def check_read(bucket: str, key: str) -> None:
    """QueryError unless the caller may read an object."""
    if not _allowed(_S3, 's3:GetObject', f'arn:aws:s3:::{bucket}/{key}'):
        raise QueryError(
            'PERMISSION_DENIED',
            f'Access Denied (Service: Amazon S3; Status Code: 403): s3:GetObject on s3://{bucket}/{key}',
        )


def check_write(location: Location) -> None:
    """QueryError unless the caller may write an object."""
    if not _allowed(_S3, 's3:PutObject', f'arn:aws:s3:::{location.bucket}/{location.key}'):
        raise QueryError(
            'PERMISSION_DENIED',
            f'Access denied when writing output to url: {location}. '
            'Please ensure you are allowed to access the S3 bucket.',
        )


def may_locate(bucket: str) -> bool:
    """Whether the caller may ask for a bucket's region, which Athena does for the place of the result."""
    return _allowed(_S3, 's3:GetBucketLocation', f'arn:aws:s3:::{bucket}')
