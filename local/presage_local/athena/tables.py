"""A catalogue table's files as a DuckDB relation: what Athena's readers do with Parquet and text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from sqlglot import exp

from . import parquet, staged_numbers, text
from .errors import QueryError
from .translate import PATH, TableUse
from .types import TIMESTAMPS, duckdb_type, parse_type

_BOOLEAN = exp.DataType.build('boolean')


@dataclass(frozen=True)
class DataFile:
    """One object of a table: its bytes on this machine and the name a query sees."""

    local: Path
    name: str  # s3://… on the server
    size: int = -1

    @property
    def bytes(self) -> int:
        """The size of the object."""
        return self.size if self.size >= 0 else self.local.stat().st_size

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """The same while the content is. Not the path: each query links an object to one of its own."""
        state = self.local.stat()
        return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


@dataclass(frozen=True)
class Partition:
    """Values of the partition keys, in their order, and the files that carry them (or what finds them when needed)."""

    values: tuple[str | None, ...]
    files: Sequence[DataFile] | Callable[[], Sequence[DataFile]]


@dataclass(frozen=True)
class TableData:
    """A table as the catalogue describes it, with its files.

    `format`: parquet, csv (OpenCSVSerDe), text (LazySimpleSerDe) or json. `options`: separatorChar, quoteChar,
    escapeChar, field.delim, serialization.null.format, skip.header.line.count.
    """

    columns: Mapping[str, str]  # data columns → declared type, in order
    partitions: Sequence[Partition]
    partition_keys: Mapping[str, str] = field(default_factory=dict)
    format: str = 'parquet'
    options: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of_files(
        columns: Mapping[str, str],
        files: Sequence[Path | str],
        format: str = 'parquet',
        options: Mapping[str, str] | None = None,
    ) -> TableData:
        """An unpartitioned table over local files."""
        data = [DataFile(Path(file), str(file)) for file in files]
        return TableData(columns, [Partition((), data)], {}, format, options or {})

    def all_columns(self) -> dict[str, str]:
        """Data columns, then partition keys, names in lower case."""
        return {name.lower(): kind for name, kind in {**self.columns, **self.partition_keys}.items()}


def literal(value: str | None, kind: str) -> str:
    """A partition value as a DuckDB constant of its declared type."""
    if value is None or value == '__HIVE_DEFAULT_PARTITION__':
        return f'CAST(NULL AS {kind})'
    return f'CAST({quoted(value)} AS {kind})'


def quoted(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def needed_partitions(
    connection: duckdb.DuckDBPyConnection, table: TableData, predicate: str | None, *, strict: bool = False
) -> Sequence[Partition]:
    """The partitions that can hold a row the query wants. `strict`: a predicate that fails is an error."""
    keys = {key.lower(): duckdb_type(parse_type(kind)) for key, kind in table.partition_keys.items()}
    if not keys or not table.partitions or predicate is None:
        return table.partitions
    rows = [
        f'({index}, {", ".join(literal(v, k) for v, k in zip(part.values, keys.values(), strict=True))})'
        for index, part in enumerate(table.partitions)
    ]
    columns = ', '.join(['__i', *map(name, keys)])
    sql = f'SELECT __i FROM (VALUES {", ".join(rows)}) AS p({columns}) WHERE {predicate}'
    try:
        kept = {row[0] for row in connection.execute(sql).fetchall()}
    except duckdb.Error:
        if strict:
            raise
        return table.partitions  # a condition that fails on some value: left to the query itself
    return [part for index, part in enumerate(table.partitions) if index in kept]


def create_relation(
    connection: duckdb.DuckDBPyConnection, use: TableUse, table: TableData, scratch: Path, careful: bool = False
) -> int:
    """Make the view a translated query reads for one mention of a table. Returns the bytes Athena would scan.

    `careful`: text files are looked through for odd lines first.

    QueryError HIVE_BAD_DATA for a file that cannot be read as the table declares it.
    """
    partitions = needed_partitions(connection, table, use.predicate)
    declared = {column.lower(): parse_type(kind) for column, kind in table.columns.items()}
    keys = {key.lower(): duckdb_type(parse_type(kind)) for key, kind in table.partition_keys.items()}
    wanted = [column for column in declared if column in use.columns]
    numbers = dict(use.numbers)
    read = {} if careful else numbers
    others = bool(set(wanted) - set(numbers))
    scanned, selects = 0, []
    for index, part in enumerate(partitions):
        found = part.files() if callable(part.files) else part.files
        files = [file for file in found if file.bytes > 0]
        if not files:
            continue
        extra = [f'{literal(v, kind)} AS {name(key)}' for (key, kind), v in zip(keys.items(), part.values, strict=True)]
        groups: Sequence[Sequence[DataFile]] = [[file] for file in files] if PATH in use.columns else [files]
        for number, members in enumerate(groups):
            path = [f'{quoted(members[0].name)} AS {name(PATH)}'] if PATH in use.columns else []
            if table.format == 'parquet':
                sources, size = parquet.sources(connection, members, declared, wanted)
            elif table.format in ('csv', 'text', 'json'):
                folder = scratch / f'{use.relation}-{index}-{number}'
                sources, size = text.sources(
                    connection, table.format, members, declared, table.options, folder, careful, read, others
                )
            else:
                raise QueryError('HIVE_UNSUPPORTED_FORMAT', f'Unable to read the format {table.format}')
            scanned += size
            for columns, source in sources:
                items = _items(columns, wanted, declared, numbers) + extra + path
                selects.append(f'SELECT {", ".join(items) or "1 AS __one"} FROM {source}')
    if not selects:
        empty = _items({}, wanted, declared, numbers)
        empty += [f'CAST(NULL AS {kind}) AS {name(key)}' for key, kind in keys.items()]
        empty += [f'CAST(NULL AS VARCHAR) AS {name(PATH)}']
        selects = [f'SELECT {", ".join(empty)} WHERE false']
    connection.execute(f'CREATE TEMP VIEW {name(use.relation)} AS {" UNION ALL ".join(selects)}')
    return scanned


def _items(
    columns: Mapping[str, str], wanted: Sequence[str], declared: Mapping[str, exp.DataType], numbers: Mapping[str, str]
) -> list[str]:
    values = staged_numbers.values(columns, numbers)
    kinds = {**declared, **{column: parse_type(kind) for column, kind in numbers.items()}}
    asked = [f'{staged_numbers.FILLED}{column}' for column in numbers]
    return [_item(values, column, kinds.get(column, _BOOLEAN)) for column in [*wanted, *asked]]


def _item(values: Mapping[str, str], column: str, kind: exp.DataType) -> str:
    if column not in values:
        return f'CAST(NULL AS {duckdb_type(kind)}) AS {name(column)}'
    value = values[column]
    if kind.this in TIMESTAMPS:
        value = f'athena_millis({value})'
    return f'{value} AS {name(column)}'
