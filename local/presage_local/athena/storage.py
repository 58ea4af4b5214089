"""The local cloud's S3 as the query engine uses it: listed and read in this process, written through its own API.

MiniStack keeps an object as one file (S3_PERSIST=1) or in memory. A query works on hard links of those files, made
when it starts, so an object that is replaced meanwhile (MiniStack renames a new file over the old one) does not change
under it; no byte is copied and no request is made.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import botocore.session
import ministack.services.s3 as s3
from botocore.client import BaseClient
from botocore.config import Config
from ministack.core.responses import get_account_id, get_region

from ..settings import endpoint
from .errors import QueryError


@dataclass(frozen=True)
class Location:
    """A bucket and a key or prefix."""

    bucket: str
    key: str

    @staticmethod
    def of(uri: str) -> Location:
        """The parts of `s3://bucket/key`. QueryError for anything else."""
        parts = urlparse(uri)
        if parts.scheme not in ('s3', 's3a', 's3n') or not parts.netloc:
            raise QueryError('INVALID_TABLE_PROPERTY', f'Invalid S3 location: {uri}')
        # urlparse cuts at ? and #, which are allowed in keys.
        return Location(parts.netloc, uri.split('://', 1)[1].partition('/')[2])

    @property
    def folder(self) -> Location:
        """The same with one slash at the end: what Athena lists for a table's location."""
        return Location(self.bucket, f'{self.key.rstrip("/")}/' if self.key.strip('/') else '')

    def __str__(self) -> str:
        return f's3://{self.bucket}/{self.key}'


def objects(folder: Location, *, hidden: bool = False) -> list[tuple[str, int]]:
    """Keys and sizes under a prefix, sorted; without those Athena overlooks (`_x`, `.x`, folder markers)."""
    bucket = s3._buckets.get(folder.bucket)
    if bucket is None:
        raise QueryError('HIVE_METASTORE_ERROR', f'The specified bucket does not exist: {folder.bucket}')
    found = []
    for key, record in list(bucket['objects'].items()):
        if not key.startswith(folder.key) or key.endswith('/'):
            continue
        names = key[len(folder.key) :].split('/')
        if hidden or not any(name.startswith(('_', '.')) for name in names):
            found.append((key, int(record.get('size') or 0)))
    return sorted(found)


def stage(bucket: str, key: str, target: Path) -> Path:
    """The object's content as a file of ours, without copying it where the file system allows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    record = s3._buckets[bucket]['objects'].get(key)
    path = s3._object_disk_path(bucket, key) if s3.S3_PERSIST else None
    if record is not None and record.get('body') is None and path and Path(path).is_file():
        try:
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)
        return target
    data = s3._get_object_data(bucket, key)
    if data is None:
        raise QueryError('HIVE_CANNOT_OPEN_SPLIT', f'Error opening Hive split s3://{bucket}/{key}: no such key')
    target.write_bytes(data)
    return target


def read(location: Location) -> bytes | None:
    """An object's bytes, or None."""
    return s3._get_object_data(location.bucket, location.key)


@functools.lru_cache(maxsize=4)
def _client(account: str, region: str, url: str) -> BaseClient:
    return botocore.session.get_session().create_client(
        's3',
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=account,
        aws_secret_access_key='local',
        config=Config(retries={'total_max_attempts': 2}, s3={'addressing_style': 'path'}),
    )


def _encryption(configuration: Mapping[str, Any] | None) -> dict[str, str]:
    option = (configuration or {}).get('EncryptionOption')
    if option == 'SSE_S3':
        return {'ServerSideEncryption': 'AES256'}
    if option == 'SSE_KMS':
        key = (configuration or {}).get('KmsKey')
        return {'ServerSideEncryption': 'aws:kms', **({'SSEKMSKeyId': key} if key else {})}
    if option:
        raise QueryError('NOT_SUPPORTED', f'result encryption {option}')
    return {}


def put(location: Location, body: bytes | Path, encryption: Mapping[str, Any] | None = None) -> None:
    """Write an object through the S3 API, as the service: what the caller may write was checked before."""
    client: Any = _client(get_account_id(), get_region(), endpoint())
    more = _encryption(encryption)
    if isinstance(body, Path):
        with body.open('rb') as stream:
            client.put_object(Bucket=location.bucket, Key=location.key, Body=stream, **more)
    else:
        client.put_object(Bucket=location.bucket, Key=location.key, Body=body, **more)
