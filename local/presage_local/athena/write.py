"""UNLOAD and CREATE TABLE AS: the rows of a query as files in S3, all or none of the visible result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import duckdb

from . import caller, storage
from .errors import QueryError, unsupported
from .memory import PARQUET, in_all_memory, in_little_memory, rows
from .storage import Location
from .types import text_of

_PARQUET = {'GZIP': 'gzip', 'SNAPPY': 'snappy', 'ZSTD': 'zstd', 'NONE': 'uncompressed', 'UNCOMPRESSED': 'uncompressed'}
_OPTIONS = ('format', 'compression', 'compression_level', 'field_delimiter', 'partitioned_by')


@dataclass(frozen=True)
class Written:
    """What was written: columns and types (DuckDB's spelling), object URIs, partitions (values → location)."""

    columns: list[str]
    types: list[str]
    objects: list[str]
    partitions: dict[tuple[str | None, ...], str]
    rows: int


@dataclass(frozen=True)
class Target:
    """Where and how rows are written."""

    folder: Location
    format: str
    compression: str
    delimiter: str
    partitioned_by: tuple[str, ...]

    @staticmethod
    def of(location: str, options: Mapping[str, str | list[str]]) -> Target:
        """Read the options of UNLOAD. QueryError for one Athena or this engine does not take."""
        for name in options:
            if name not in _OPTIONS:
                raise QueryError('INVALID_TABLE_PROPERTY', f"line 1:1: Unload property '{name}' does not exist")
        form = str(options.get('format', '')).upper()
        if not form:
            raise QueryError('SYNTAX_ERROR', 'line 1:1: UNLOAD must have a property: format')
        if form not in ('PARQUET', 'TEXTFILE', 'JSON'):
            if form in ('ORC', 'AVRO'):
                raise unsupported(f'UNLOAD as {form}')
            raise QueryError('INVALID_TABLE_PROPERTY', f'Unsupported format: {form}')
        compression = str(options.get('compression', 'GZIP')).upper()
        if form == 'PARQUET' and compression not in _PARQUET:
            raise unsupported(f'Parquet compressed as {compression}')
        if form != 'PARQUET' and compression not in ('GZIP', 'NONE'):
            raise unsupported(f'{form} compressed as {compression}')
        if form != 'TEXTFILE' and 'field_delimiter' in options:
            raise QueryError('INVALID_TABLE_PROPERTY', 'field_delimiter is for TEXTFILE only')
        keys = options.get('partitioned_by', [])
        return Target(
            Location.of(location).folder,
            form,
            compression,
            str(options.get('field_delimiter', '\x01')),
            tuple(key.lower() for key in keys) if isinstance(keys, list) else (keys.lower(),),
        )


def write(connection: duckdb.DuckDBPyConnection, sql: str, target: Target, identity: str, scratch: Path) -> Written:
    """Run translated SQL and write its rows under the target. HIVE_PATH_ALREADY_EXISTS unless that is empty."""
    caller.check_list(target.folder)
    if storage.objects(target.folder, hidden=True):
        raise QueryError('HIVE_PATH_ALREADY_EXISTS', f'Target directory for table already exists: {target.folder}')
    caller.check_write(Location(target.folder.bucket, f'{target.folder.key}{identity}'))
    relation = connection.sql(sql)
    names, types = list(relation.columns), [str(kind) for kind in relation.types]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled:
        raise QueryError('DUPLICATE_COLUMN_NAME', f"Column name '{doubled}' specified more than once")
    keys = target.partitioned_by
    if keys and tuple(names[-len(keys) :]) != keys:
        raise QueryError(
            'INVALID_TABLE_PROPERTY', f'Partition columns must be the last columns and in the same order: {list(keys)}'
        )
    if keys and len(keys) == len(names):
        raise QueryError('INVALID_TABLE_PROPERTY', 'Table contains only partition columns')
    zoned = [name for name, kind in zip(names, types, strict=True) if kind == 'TIMESTAMP WITH TIME ZONE']
    if zoned:
        raise QueryError('NOT_SUPPORTED', f'Unsupported Hive type: timestamp(3) with time zone (column {zoned[0]})')
    data = names[: len(names) - len(keys)]
    total, objects = 0, []
    locations: dict[tuple[str | None, ...], str] = {}
    for number, (values, source) in enumerate(_sources(connection, sql, keys)):
        local = scratch / f'out-{number}'
        written = _copy(connection, data, types, source, target, local)
        if written:
            below = ''.join(f'{key}={_folder(value)}/' for key, value in zip(keys, values, strict=True))
            folder = Location(target.folder.bucket, f'{target.folder.key}{below}')
            suffix = '.gz' if target.format != 'PARQUET' and target.compression == 'GZIP' else ''
            object_ = Location(folder.bucket, f'{folder.key}{identity.replace("-", "_")}_{number:05d}{suffix}')
            storage.put(object_, local)
            objects.append(str(object_))
            locations[values] = str(folder)
            total += written
        local.unlink()
    return Written(names, types, objects, locations, total)


def _folder(value: str | None) -> str:
    return '__HIVE_DEFAULT_PARTITION__' if value is None else quote(value, safe=' !$&()*+,-.;<>@[]^_`{|}~')


def _sources(
    connection: duckdb.DuckDBPyConnection, sql: str, keys: Sequence[str]
) -> Iterator[tuple[tuple[str | None, ...], str]]:
    """Partition values and what to select their rows from. Only rows that have to be parted are kept anywhere first."""
    if not keys:
        yield (), f'({sql}) AS __out'
        return
    in_all_memory(connection)
    connection.execute(f'CREATE TEMP TABLE __out AS {sql}')
    listed = ', '.join(f'"{key}"' for key in keys)
    values = connection.execute(f'SELECT DISTINCT {listed} FROM __out ORDER BY ALL').fetchall()
    if len(values) > 100:
        raise QueryError('HIVE_TOO_MANY_OPEN_PARTITIONS', 'Exceeded limit of 100 open writers for partitions')
    for row in values:
        texts = tuple(text_of(value) for value in row)
        condition = ' AND '.join(
            f'"{key}" IS NULL' if text is None else f'CAST("{key}" AS VARCHAR) = \'{_sql(value)}\''
            for key, text, value in zip(keys, texts, row, strict=True)
        )
        yield texts, f'__out WHERE {condition}'


def _sql(value: object) -> str:
    return str(text_of(value) if not isinstance(value, bool) else str(value).lower()).replace("'", "''")


def _copy(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    types: Sequence[str],
    source: str,
    target: Target,
    local: Path,
) -> int:
    """Write one file; the number of its rows."""
    items = []
    for column, kind in zip(columns, types, strict=False):
        spelled = '"' + column.replace('"', '""') + '"'
        if target.format == 'TEXTFILE':
            # LazySimpleSerDe: no quotes, \N for null, the delimiter itself is escaped by nothing.
            items.append(f"coalesce({_text(spelled, kind)}, '\\N')")
        else:
            items.append(f'CAST({spelled} AS BIGINT) AS {spelled}' if kind == 'HUGEINT' else spelled)
    if target.format == 'TEXTFILE':
        delimiter = target.delimiter.replace("'", "''")
        line = f"concat_ws('{delimiter}', {', '.join(items)})"
        # One column that no CSV quoting can touch: the separator never occurs in it.
        form = "FORMAT csv, HEADER false, DELIMITER '\x02', QUOTE '', ESCAPE ''"
        select = f'SELECT {line} FROM {source}'
    elif target.format == 'JSON':
        form, select = 'FORMAT json', f'SELECT {", ".join(items)} FROM {source}'
    else:
        form = f"{PARQUET}, COMPRESSION '{_PARQUET[target.compression]}'"
        select = f'SELECT {", ".join(items)} FROM {source}'
    if target.format != 'PARQUET':
        form += f", COMPRESSION '{'gzip' if target.compression == 'GZIP' else 'none'}'"
    path = str(local).replace("'", "''")
    copy = f"COPY ({select}) TO '{path}' ({form})"
    # The rows of a partitioned result are in memory already.
    return rows(connection, copy) if target.partitioned_by else in_little_memory(connection, copy)


def _text(column: str, kind: str) -> str:
    if kind in ('DOUBLE', 'FLOAT'):
        return f'athena_java_double(CAST({column} AS DOUBLE))'
    if kind.startswith('TIMESTAMP'):
        return f"strftime({column}, '%Y-%m-%d %H:%M:%S.%g')"
    return f'CAST({column} AS VARCHAR)'
