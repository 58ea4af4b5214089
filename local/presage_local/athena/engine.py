"""Run Athena's SQL on DuckDB over local files: the heart of the local Athena, without a server.

result = run_sql('SELECT count(*) AS n FROM orders', {'orders': TableData.of_files({'id': 'bigint'}, ['o.parquet'])})
result.columns, result.rows
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from . import databases, firsts, text
from .errors import QueryError, from_duckdb
from .memory import in_all_memory
from .tables import DataFile, Partition, TableData, create_relation
from .translate import Translation, duckdb_sql, translate

__all__ = [
    'DataFile',
    'Partition',
    'QueryError',
    'Result',
    'TableData',
    'answer',
    'connect',
    'duckdb_sql',
    'read_rows',
    'run_sql',
    'translate',
]

Answer = TypeVar('Answer')
Tables = Callable[[str, str], TableData]  # (database, table) → its data, for a table the catalogue has


@dataclass(frozen=True)
class Result:
    """Rows of a query. `types` are DuckDB's names, `scanned` the bytes Athena would have read."""

    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    scanned: int = 0


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """A fresh in-memory DuckDB that knows what translated SQL calls. Errors leave it as QueryError."""
    with _athena_errors(), databases.new() as connection:
        yield connection


@contextmanager
def _athena_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise from_duckdb(error) from None


def answer(
    translation: Translation,
    tables: Tables,
    scratch: Path,
    work: Callable[[duckdb.DuckDBPyConnection, str], Answer],
    *,
    opened: Callable[[duckdb.DuckDBPyConnection], object] = lambda _: None,
    scans: Callable[[int], object] = lambda _: None,
) -> tuple[Answer, int]:
    """Make what a translated query reads and let `work` run it; its answer, and the bytes Athena would scan.

    `opened` gets every connection before it is used, `scans` the bytes before they are read. `work` may run twice: when
    a text file turns out to need the careful reader only while it is read.
    """
    for careful in (False, True):
        with _athena_errors(), databases.borrowed(scratch) as connection:
            opened(connection)
            try:
                sizes = {
                    use.relation: create_relation(connection, use, tables(use.database, use.table), scratch, careful)
                    for use in translation.tables
                }
                scans(sum(sizes.values()))
                for first in translation.firsts:
                    firsts.make(connection, first, sizes, scratch)
                return work(connection, translation.sql), sum(sizes.values())
            except duckdb.Error as error:
                if careful or not text.stumbles(error):
                    raise
    raise AssertionError('the second time there is an answer or an error')


def read_rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Result:
    """Run translated SQL and fetch everything; zoned timestamps come as text (`… UTC`)."""
    in_all_memory(connection)
    relation = connection.sql(sql)
    types = [str(kind) for kind in relation.types]
    names = list(relation.columns)
    zoned = [kind == 'TIMESTAMP WITH TIME ZONE' for kind in types]
    if any(zoned):
        positions = ', '.join(
            f"strftime(#{i}, '%Y-%m-%d %H:%M:%S.%g UTC')" if is_zoned else f'#{i}'
            for i, is_zoned in enumerate(zoned, 1)
        )
        relation = relation.project(positions)
    return Result(names, types, relation.fetchall())


def run_sql(sql: str, tables: Mapping[str, TableData], database: str = 'default') -> Result:
    """Run one query over local tables (name → data). QueryError as Athena would fail it."""
    lowered = {name.lower(): data for name, data in tables.items()}

    def lookup(_: str, table: str) -> tuple[Mapping[str, str], tuple[str, ...]] | None:
        found = lowered.get(table)
        return None if found is None else (found.all_columns(), tuple(k.lower() for k in found.partition_keys))

    translation = translate(sql, lookup, database)
    with tempfile.TemporaryDirectory(prefix='presage-athena-') as folder:
        result, scanned = answer(translation, lambda _, table: lowered[table], Path(folder), read_rows)
    return Result(result.columns, result.types, result.rows, scanned)
