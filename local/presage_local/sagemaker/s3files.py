"""A job's objects in S3, as its role may see them. Used inside job processes; knows nothing of the server."""

import gzip
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .child import JobFailure


@dataclass(frozen=True)
class Object:
    """name: the key's part after the folder that holds the prefix, kept for outputs."""

    bucket: str
    key: str
    size: int
    name: str

    @property
    def uri(self) -> str:
        return f's3://{self.bucket}/{self.key}'


def client() -> Any:
    """An S3 client with the process's own credentials: those of the job's role."""
    return botocore.session.get_session().create_client(
        's3', config=Config(retries={'total_max_attempts': 3}, s3={'addressing_style': 'path'})
    )


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of s3://bucket/key."""
    bucket, _, key = uri.removeprefix('s3://').partition('/')
    return bucket, key


def _denied(error: ClientError | BotoCoreError, action: str, uri: str) -> JobFailure:
    code = error.response.get('Error', {}).get('Code', '') if isinstance(error, ClientError) else ''
    role = os.environ.get('PRESAGE_JOB_ROLE', 'the execution role')
    if code in ('AccessDenied', '403', 'AllAccessDisabled'):
        return JobFailure(f'ClientError: Access denied: {role} is not authorized to perform: {action} on {uri}')
    if code in ('NoSuchKey', '404', 'NoSuchBucket'):
        return JobFailure(f'ClientError: Data download failed: {uri} does not exist ({code})')
    return JobFailure(f'ClientError: {action} on {uri} failed: {error}')


def _listed(s3: Any, uri: str) -> list[Object]:
    bucket, prefix = split(uri)
    found: list[Object] = []
    try:
        for page in s3.get_paginator('list_objects_v2').paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get('Contents', []):
                key = entry['Key']
                found.append(Object(bucket, key, entry['Size'], key[prefix.rfind('/') + 1 :]))
    except (ClientError, BotoCoreError) as error:
        raise _denied(error, 's3:ListBucket', uri) from error
    return found


def _manifest(s3: Any, uri: str) -> list[Object]:
    """The objects a manifest file names: [{"prefix": "s3://bucket/a/"}, "key", …]."""
    try:
        entries = json.loads(read(s3, uri))
        prefix = entries[0]['prefix']
        names = [str(name) for name in entries[1:]]
    except (ValueError, LookupError, TypeError) as error:
        raise JobFailure(f'ClientError: {uri} is no manifest: {error}') from error
    bucket, folder = split(prefix)
    found = []
    for name in names:
        try:
            size = s3.head_object(Bucket=bucket, Key=folder + name)['ContentLength']
        except (ClientError, BotoCoreError) as error:
            raise _denied(error, 's3:GetObject', f's3://{bucket}/{folder}{name}') from error
        found.append(Object(bucket, folder + name, size, name))
    return found


def objects(s3: Any, source: dict[str, str]) -> list[Object]:
    """Every object an S3DataSource means. A prefix takes every key that begins with it, as on AWS."""
    uri = source['S3Uri']
    found = _manifest(s3, uri) if source['S3DataType'] == 'ManifestFile' else _listed(s3, uri)
    if not found:
        raise JobFailure(f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source.')
    return found


def read(s3: Any, uri: str) -> bytes:
    """The content of a small object."""
    bucket, key = split(uri)
    try:
        return cast(bytes, s3.get_object(Bucket=bucket, Key=key)['Body'].read())
    except (ClientError, BotoCoreError) as error:
        raise _denied(error, 's3:GetObject', uri) from error


def download(s3: Any, uri: str, path: Path, *, gzipped: bool = False) -> Path:
    """Stream an object to a file, unpacked if it is gzip."""
    bucket, key = split(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)['Body']
        with path.open('wb') as file:
            source: BinaryIO = cast(BinaryIO, gzip.GzipFile(fileobj=body)) if gzipped else body
            while block := source.read(4 << 20):
                file.write(block)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise JobFailure(f'ClientError: {uri} is not gzip, as CompressionType says: {error}') from error
    except (ClientError, BotoCoreError) as error:
        raise _denied(error, 's3:GetObject', uri) from error
    return path


def upload(s3: Any, path: Path, uri: str) -> None:
    """Put a file."""
    bucket, key = split(uri)
    try:
        with path.open('rb') as file:
            s3.put_object(Bucket=bucket, Key=key, Body=file)
    except (ClientError, BotoCoreError) as error:
        raise _denied(error, 's3:PutObject', uri) from error
