"""S3 for a Spark that cannot speak it: what a script's request names becomes local folders, and goes back after.

A script takes one `--request s3://…/request.json`. Every `{"uri": "s3://…", "access": "read" | "write"}` in that JSON,
at any depth, is a place for data; nothing else is. They are mapped to `file://<work>/s3/<bucket>/<key>`, so places
inside one another stay so. What is at a `write` place already is staged too: an overwrite then removes it here, and
afterwards there, as it would on AWS. Everything is read and written with the job role's own credentials.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

_THREADS = 8


class StagingError(Exception):
    """A place the role may not read or write, or that is not there."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    scheme, _, rest = uri.partition('://')
    if scheme not in ('s3', 's3a', 's3n') or not rest:
        raise StagingError(f'{uri!r} is no s3:// address')
    bucket, _, key = rest.partition('/')
    return bucket, key


class Staging:
    """The local copy of the places one run of a script uses."""

    def __init__(self, s3: BaseClient, folder: Path) -> None:
        self._s3: Any = s3
        self._root = folder / 's3'
        self._writes: list[str] = []
        self._known: dict[Path, str] = {}  # staged files of write places → digest

    def local(self, uri: str) -> Path:
        """Where a place is on this machine."""
        bucket, key = split_uri(uri)
        path = (self._root / bucket / key).resolve()
        if not path.is_relative_to((self._root / bucket).resolve()):
            raise StagingError(f'{uri!r} leads out of its bucket')
        return path

    def fetch(self, uri: str, target: Path) -> Path:
        """One object as a file. StagingError says what is missing."""
        bucket, key = split_uri(uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            body = self._s3.get_object(Bucket=bucket, Key=key)['Body']
            with target.open('wb') as file:
                for chunk in body.iter_chunks(1 << 20):
                    file.write(chunk)
        except ClientError as error:
            raise StagingError(f'{uri}: {_said(error)}') from None
        return target

    def stage(self, request_uri: str, target: Path) -> Path:
        """The request with its places staged and replaced by file:// addresses."""
        text = self.fetch(request_uri, target).read_text(encoding='utf-8')
        try:
            request = json.loads(text)
        except ValueError:
            return target  # the script says so better than we could
        places = list(_places(request))
        for place in places:
            access = place.get('access')
            if access not in ('read', 'write'):
                raise StagingError(f'{place["uri"]}: "access" must be "read" or "write", not {access!r}')
            self._stage_place(place['uri'], access)
        for place in places:
            place['uri'] = _file_uri(self.local(place['uri']), place['uri'])
        target.write_text(json.dumps(request), encoding='utf-8')
        return target

    def _stage_place(self, uri: str, access: str) -> None:
        if access == 'write' and uri not in self._writes:
            self._writes.append(uri)
            self.local(uri).parent.mkdir(parents=True, exist_ok=True)  # S3 has no folders one would have to make
        bucket, key = split_uri(uri)
        keys = [found for found in self._list(bucket, key) if not found.endswith('/')]
        with ThreadPoolExecutor(_THREADS) as pool:
            paths = list(pool.map(lambda k: self.fetch(f's3://{bucket}/{k}', self._root / bucket / k), keys))
        if access == 'write':
            self._known |= {path.resolve(): _digest(path) for path in paths}

    def _list(self, bucket: str, key: str) -> list[str]:
        """The object of that key, and all below it."""
        folder = f'{key.rstrip("/")}/' if key else ''
        try:
            pages = self._s3.get_paginator('list_objects_v2').paginate(Bucket=bucket, Prefix=folder)
            found = [item['Key'] for page in pages for item in page.get('Contents', [])]
            if key and not key.endswith('/'):
                alone = self._s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get('Contents', [])
                found += [item['Key'] for item in alone if item['Key'] == key]
        except ClientError as error:
            raise StagingError(f's3://{bucket}/{key}: {_said(error)}') from None
        return found

    def upload(self) -> int:
        """Bring every write place in S3 to its local state. Gives the number of objects written."""
        jobs: dict[str, Path] = {}
        removed: list[str] = []
        for uri in self._writes:
            path = self.local(uri)
            files = [path] if path.is_file() else sorted(p for p in path.rglob('*') if p.is_file())
            for file in files:
                if _kept(file.relative_to(self._root.resolve())) and self._known.get(file) != _digest(file):
                    jobs[file.relative_to(self._root.resolve()).as_posix()] = file
        for file in self._known:
            if not file.exists():
                removed.append(file.relative_to(self._root.resolve()).as_posix())
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda item: self._put(*item), jobs.items()))
            list(pool.map(self._delete, removed))
        return len(jobs)

    def _put(self, place: str, file: Path) -> None:
        bucket, _, key = place.partition('/')
        try:
            with file.open('rb') as stream:
                self._s3.put_object(Bucket=bucket, Key=key, Body=stream)
        except ClientError as error:
            raise StagingError(f's3://{place}: {_said(error)}') from None

    def _delete(self, place: str) -> None:
        bucket, _, key = place.partition('/')
        try:
            self._s3.delete_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise StagingError(f's3://{place}: {_said(error)}') from None


def _places(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        uri = value.get('uri')
        if isinstance(uri, str) and uri.split('://')[0] in ('s3', 's3a', 's3n'):
            yield value
        for member in value.values():
            yield from _places(member)
    elif isinstance(value, list):
        for member in value:
            yield from _places(member)


def _file_uri(path: Path, uri: str) -> str:
    return f'file://{path}{"/" if uri.endswith("/") else ""}'


def _kept(path: Path) -> bool:
    """Hadoop's own files stay here: checksums, markers, attempts that were not committed."""
    return not any(part.startswith(('_', '.')) for part in path.parts[1:])


def _digest(path: Path) -> str:
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha1').hexdigest()


def _said(error: ClientError) -> str:
    detail = error.response.get('Error', {})
    return f'{error.operation_name}: {detail.get("Code", "")} {detail.get("Message", "")}'.strip()
