"""The Glue catalogue MiniStack keeps, as tables the engine can read."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ministack.services.glue as glue

from . import caller, storage
from .errors import QueryError
from .storage import Location
from .tables import DataFile, Partition, TableData

# SerDe class (last part of its name) → format.
_SERDES = {
    'ParquetHiveSerDe': 'parquet',
    'OpenCSVSerde': 'csv',
    'LazySimpleSerDe': 'text',
    'JsonSerDe': 'json',
}


def has_database(database: str) -> bool:
    """Whether the catalogue has a database."""
    return database in glue._databases


def find(database: str, table: str) -> Mapping[str, Any] | None:
    """A table's catalogue entry (names are lower case, as Glue stores them)."""
    entry: Mapping[str, Any] | None = glue._tables.get(f'{database}/{table}')
    return entry


def change(operation: str, request: dict[str, Any]) -> None:
    """Ask MiniStack's Glue for a change (`CreateTable`). QueryError with Glue's own message."""
    handlers: dict[str, Callable[[dict[str, Any]], tuple[int, Any, bytes]]] = {
        'CreateTable': glue._create_table,
        'DeleteTable': glue._delete_table,
        'CreateDatabase': glue._create_database,
        'DeleteDatabase': glue._delete_database,
        'CreatePartition': glue._create_partition,
        'DeletePartition': glue._delete_partition,
    }
    status, _, body = handlers[operation](request)
    if status >= 400:
        message = json.loads(body).get('message', '')
        raise QueryError('HIVE_METASTORE_ERROR', f'{message}')


def columns(entry: Mapping[str, Any]) -> dict[str, str]:
    """Data columns and their declared types, in order."""
    return {c['Name'].lower(): c.get('Type', 'string') for c in entry.get('StorageDescriptor', {}).get('Columns', [])}


def partition_keys(entry: Mapping[str, Any]) -> dict[str, str]:
    """Partition keys and their declared types, in order."""
    return {c['Name'].lower(): c.get('Type', 'string') for c in entry.get('PartitionKeys') or []}


def partitions(database: str, table: str) -> list[Mapping[str, Any]]:
    """The partitions the catalogue names."""
    return list(glue._partitions.get(f'{database}/{table}', []))


def lookup(database: str, table: str) -> tuple[Mapping[str, str], tuple[str, ...]] | None:
    """What translation needs to know about a table; checks that the caller may see it."""
    caller.check_glue('GetDatabase', database)
    if not has_database(database):
        raise QueryError('SCHEMA_NOT_FOUND', f"line 1:1: Schema '{database}' does not exist")
    caller.check_glue('GetTable', database, table)
    entry = find(database, table)
    if entry is None:
        return None
    if entry.get('TableType') == 'VIRTUAL_VIEW':
        raise QueryError('NOT_SUPPORTED', f"'{database}.{table}' is a view (the local Athena does not read views)")
    keys = partition_keys(entry)
    return {**columns(entry), **keys}, tuple(keys)


def _format(entry: Mapping[str, Any]) -> str:
    descriptor = entry.get('StorageDescriptor', {})
    library = (descriptor.get('SerdeInfo') or {}).get('SerializationLibrary') or ''
    serde = library.rsplit('.', 1)[-1]
    if serde not in _SERDES:
        raise QueryError('HIVE_UNSUPPORTED_FORMAT', f'Unable to create input format {library or "(no SerDe)"}')
    return _SERDES[serde]


class Reader:
    """Gives the engine the tables of one query: only files it needs, each checked against the caller's permissions."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._numbers = itertools.count()
        self._files: dict[Location, Sequence[DataFile]] = {}

    def table(self, database: str, table: str) -> TableData:
        """A table's data; its files are listed when the engine asks for a partition's."""
        entry = find(database, table)
        if entry is None:
            raise QueryError('TABLE_NOT_FOUND', f"Table 'awsdatacatalog.{database}.{table}' does not exist")
        parameters = entry.get('Parameters') or {}
        if parameters.get('projection.enabled', '').lower() == 'true':
            raise QueryError('NOT_SUPPORTED', f'partition projection of {database}.{table}')
        keys = partition_keys(entry)
        descriptor = entry.get('StorageDescriptor', {})
        options = {**((descriptor.get('SerdeInfo') or {}).get('Parameters') or {})}
        if 'skip.header.line.count' in parameters:
            options['skip.header.line.count'] = parameters['skip.header.line.count']
        location = descriptor.get('Location') or ''
        if keys:
            caller.check_glue('GetPartitions', database, table)
            parts = [self._partition(part, keys, location) for part in partitions(database, table)]
        else:
            parts = [Partition((), functools.partial(self.files, location))]
        return TableData(columns(entry), parts, keys, _format(entry), options)

    def _partition(self, part: Mapping[str, Any], keys: Mapping[str, str], root: str) -> Partition:
        values = tuple(part.get('Values') or [])
        if len(values) != len(keys):
            raise QueryError('HIVE_INVALID_METADATA', f'Partition {list(values)} does not match the keys {list(keys)}')
        below = '/'.join(f'{key}={value}' for key, value in zip(keys, values, strict=True))
        location = (part.get('StorageDescriptor') or {}).get('Location') or f'{root.rstrip("/")}/{below}'
        return Partition(values, functools.partial(self.files, location))

    def files(self, uri: str) -> Sequence[DataFile]:
        """The data files under a location, staged. A location without objects has none; empty objects are skipped."""
        folder = Location.of(uri).folder
        if folder not in self._files:
            caller.check_list(folder)
            found = []
            for key, size in storage.objects(folder):
                if size == 0:
                    continue
                caller.check_read(folder.bucket, key)
                local = storage.stage(folder.bucket, key, self._scratch / 'in' / str(next(self._numbers)))
                found.append(DataFile(local, f's3://{folder.bucket}/{key}', size))
            self._files[folder] = found
        return self._files[folder]
