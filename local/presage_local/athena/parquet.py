"""Parquet as Athena reads it: by column name, a missing column is null, a type that does not fit is an error."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from .errors import QueryError
from .types import INTEGERS, TEXTS, TIMESTAMPS, ZONED, duckdb_type

if TYPE_CHECKING:
    from .tables import DataFile


class Footer:
    """What a Parquet file says about itself: column → (name in the file, physical, logical type, compressed bytes)."""

    def __init__(self, columns: dict[str, tuple[str, str, str, int]], rows: int) -> None:
        self.columns = columns
        self.rows = rows


@functools.lru_cache(maxsize=4096)
def _footer(path: str, size: int, modified: int) -> Footer:
    metadata = pq.read_metadata(path)
    columns: dict[str, tuple[str, str, str, int]] = {}
    sizes: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for index in range(row_group.num_columns):
            chunk = row_group.column(index)
            top = chunk.path_in_schema.split('.')[0].lower()
            sizes[top] = sizes.get(top, 0) + chunk.total_compressed_size
    for index in range(metadata.num_columns):
        column = metadata.schema.column(index)
        parts = column.path.split('.')
        nested = len(parts) > 1
        logical = 'NESTED' if nested else str(column.logical_type.type)
        physical = 'group' if nested else str(column.physical_type)
        columns.setdefault(parts[0].lower(), (parts[0], physical, logical, sizes.get(parts[0].lower(), 0)))
    return Footer(columns, metadata.num_rows)


def footer(file: DataFile) -> Footer:
    """The footer of a file, remembered while the file does not change. HIVE_BAD_DATA if it is no Parquet file."""
    state = file.local.stat()
    try:
        return _footer(str(file.local), state.st_size, state.st_mtime_ns)
    except (pa.ArrowInvalid, OSError) as error:
        raise QueryError(
            'HIVE_BAD_DATA', f'Not valid Parquet file: {file.name} ({str(error).splitlines()[0]})'
        ) from None


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
    files: Sequence[DataFile], declared: Mapping[str, exp.DataType], wanted: Sequence[str]
) -> tuple[list[tuple[dict[str, str], str]], int]:
    """The files as (column → SQL, FROM item), one for each different schema among them, and the bytes to be scanned."""
    groups: dict[tuple[tuple[str, str, str, str], ...], list[str]] = {}
    scanned = 0
    for file in files:
        found = footer(file)
        shape = []
        for column in wanted:
            if column not in found.columns:
                continue
            spelled, physical, logical, size = found.columns[column]
            scanned += size
            if not _fits(physical, logical, declared[column]):
                kind = physical if logical in ('NONE', 'NESTED') else f'{physical} ({logical})'
                raise QueryError(
                    'HIVE_BAD_DATA',
                    f"Field {column}'s type {kind} in parquet file {file.name} is incompatible with type "
                    f'{declared[column].sql("trino").lower()} defined in table schema',
                )
            shape.append((column, spelled, physical, logical))
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
