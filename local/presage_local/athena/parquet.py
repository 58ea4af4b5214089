"""Parquet as Athena reads it: by column name, a missing column is null, a type that does not fit is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from .errors import QueryError
from .types import INTEGERS, TEXTS, TIMESTAMPS, ZONED, duckdb_type

if TYPE_CHECKING:
    from .tables import DataFile


@dataclass
class Column:
    """A top-level column of a file: its name there, what it is, and its compressed bytes."""

    name: str
    physical: str
    logical: str
    bytes: int = 0


Footer = dict[str, Column]  # by name in lower case
Identity = tuple[int, int, int, int]
_REMEMBERED = 4096
_footers: dict[Identity, Footer] = {}


def footers(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile]) -> list[Footer]:
    """The files' footers, remembered while a file does not change. HIVE_BAD_DATA if one is no Parquet file."""
    identities = [file.identity for file in files]
    found = {identity: footer for identity in identities if (footer := _footers.get(identity)) is not None}
    unknown = {identity: file for identity, file in zip(identities, files, strict=True) if identity not in found}
    if unknown:
        read = dict(zip(unknown, _read(connection, list(unknown.values())), strict=True))
        found |= read
        if len(_footers) + len(read) > _REMEMBERED:
            _footers.clear()
        _footers.update(read)
    return [found[identity] for identity in identities]


def _read(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile]) -> list[Footer]:
    paths = ', '.join("'" + str(file.local).replace("'", "''") + "'" for file in files)
    sql = (
        'SELECT file_name, name, type, num_children, logical_type, converted_type, NULL, NULL '
        f'FROM parquet_schema([{paths}]) UNION ALL '
        'SELECT file_name, NULL, NULL, NULL, NULL, NULL, column_id, total_compressed_size '
        f'FROM parquet_metadata([{paths}])'
    )
    try:
        rows = connection.execute(sql).fetchall()
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        if len(files) > 1:
            return [footer for file in files for footer in _read(connection, [file])]  # to say which
        raise QueryError(
            'HIVE_BAD_DATA', f'Not valid Parquet file: {files[0].name} ({str(error).splitlines()[0]})'
        ) from None
    by_path: dict[str, list[tuple[Any, ...]]] = {}
    for path, *rest in rows:
        by_path.setdefault(path, []).append(tuple(rest))
    return [_footer(by_path[str(file.local)]) for file in files]


def _footer(rows: Sequence[tuple[Any, ...]]) -> Footer:
    """`rows`: the schema's elements, parents first, then (…, number of the leaf, bytes) of every column chunk."""
    elements = iter([row[:5] for row in rows if row[5] is None])
    _, _, count, *_ = next(elements)
    footer: Footer = {}
    leaves: list[Column] = []  # whose each leaf is
    for _ in range(count):
        name, physical, children, logical, converted = next(elements)
        column = Column(name, physical or 'group', 'NESTED' if children else _logical(logical, converted))
        footer.setdefault(name.lower(), column)
        waiting = children or 0
        leaves += [] if children else [column]
        while waiting:
            *_, children, _, _ = next(elements)
            waiting += (children or 0) - 1
            leaves += [] if children else [column]
    for *_, leaf, size in rows:
        if leaf is not None:
            leaves[leaf].bytes += size
    return footer


def _logical(logical: str | None, converted: str | None) -> str:
    """`IntType(bitWidth=…` or, in files of older writers, `UINT_8`: INT."""
    if logical:
        return logical.partition('Type')[0].upper()
    return 'STRING' if converted == 'UTF8' else (converted or 'NONE').split('_')[0].removeprefix('U')


def _fits(physical: str, logical: str, declared: exp.DataType) -> bool:
    """Whether Trino's Parquet reader accepts a file's type for a declared one."""
    kind = declared.this
    if physical == 'group':
        return kind in (exp.DType.ARRAY, exp.DType.LIST, exp.DType.MAP, exp.DType.STRUCT)
    if kind in INTEGERS:
        return physical in ('INT32', 'INT64') and logical in ('NONE', 'INT')
    if kind == exp.DType.DOUBLE:
        return physical in ('DOUBLE', 'FLOAT')
    if kind == exp.DType.FLOAT:
        return physical == 'FLOAT'
    if kind == exp.DType.BOOLEAN:
        return physical == 'BOOLEAN'
    if kind in TEXTS:
        return physical == 'BYTE_ARRAY' and logical != 'DECIMAL'
    if kind == exp.DType.DATE:
        return physical == 'INT32' and logical in ('NONE', 'DATE')
    if kind in TIMESTAMPS | ZONED:
        return physical == 'INT96' or (physical == 'INT64' and logical == 'TIMESTAMP')
    if kind == exp.DType.DECIMAL:
        return logical == 'DECIMAL' or physical in ('INT32', 'INT64')
    return physical in ('BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY')


def sources(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[DataFile],
    declared: Mapping[str, exp.DataType],
    wanted: Sequence[str],
) -> tuple[list[tuple[dict[str, str], str]], int]:
    """The files as (column → SQL, FROM item), one for each different schema among them, and the bytes to be scanned."""
    groups: dict[tuple[tuple[str, str, str, str], ...], list[str]] = {}
    scanned = 0
    for file, footer in zip(files, footers(connection, files), strict=True):
        shape = []
        for column in wanted:
            found = footer.get(column)
            if found is None:
                continue
            scanned += found.bytes
            physical, logical = found.physical, found.logical
            if not _fits(physical, logical, declared[column]):
                kind = physical if logical in ('NONE', 'NESTED') else f'{physical} ({logical})'
                raise QueryError(
                    'HIVE_BAD_DATA',
                    f"Field {column}'s type {kind} in parquet file {file.name} is incompatible with type "
                    f'{declared[column].sql("trino").lower()} defined in table schema',
                )
            shape.append((column, found.name, physical, logical))
        groups.setdefault(tuple(shape), []).append(str(file.local))
    result = []
    for columns_seen, paths in groups.items():
        columns = {
            column: f'CAST("{spelled.replace(chr(34), chr(34) * 2)}" AS {duckdb_type(declared[column])})'
            for column, spelled, _, _ in columns_seen
        }
        listed = ', '.join("'" + path.replace("'", "''") + "'" for path in paths)
        result.append((columns, f'read_parquet([{listed}], union_by_name = false, hive_partitioning = false)'))
    return result, scanned
