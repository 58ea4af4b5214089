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
from typing import Any

import duckdb

from .errors import QueryError, from_duckdb
from .functions import prepare
from .tables import DataFile, Partition, TableData, create_relation
from .translate import Translation, duckdb_sql, translate

__all__ = [
    'DataFile',
    'Partition',
    'QueryError',
    'Result',
    'TableData',
    'connect',
    'duckdb_sql',
    'make_relations',
    'read_rows',
    'run_sql',
    'translate',
]

Tables = Callable[[str, str], TableData]  # (database, table) → its data, for a table the catalogue has


@dataclass(frozen=True)
class Result:
    """Rows of a query. `types` are DuckDB's names, `scanned` the bytes Athena would have read."""

    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    scanned: int = 0


@contextmanager
def connect(scratch: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A fresh in-memory DuckDB that knows what translated SQL calls. Errors leave it as QueryError."""
    connection = duckdb.connect(':memory:', config={'preserve_insertion_order': 'true'})
    try:
        if scratch is not None:
            spill = str(scratch / 'spill').replace("'", "''")
            connection.execute(f"SET temp_directory = '{spill}'")
        prepare(connection)
        yield connection
    except duckdb.Error as error:
        raise from_duckdb(error) from None
    finally:
        connection.close()


def make_relations(
    connection: duckdb.DuckDBPyConnection, translation: Translation, tables: Tables, scratch: Path
) -> int:
    """Make every relation a translated query reads. Returns the bytes Athena would scan."""
    return sum(create_relation(connection, use, tables(use.database, use.table), scratch) for use in translation.tables)


def read_rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Result:
    """Run translated SQL and fetch everything; zoned timestamps come as text (`… UTC`)."""
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
    with tempfile.TemporaryDirectory(prefix='presage-athena-') as folder, connect(Path(folder)) as connection:
        scanned = make_relations(connection, translation, lambda _, table: lowered[table], Path(folder))
        result = read_rows(connection, translation.sql)
        return Result(result.columns, result.types, result.rows, scanned)
