"""Statements that rather spill to disk than take a laptop's memory from all else that runs."""

from __future__ import annotations

import functools

import duckdb

# Of one statement. Ten million order lines, each key once, joined to their orders, fit.
_MEMORY = '400MB'
# Each thread keeps a row group and the dictionaries of its columns before it writes them. A quarter of DuckDB's own
# sizes needs a third of that memory less and a third of the time; files are a tenth larger at most.
PARQUET = 'FORMAT parquet, ROW_GROUP_SIZE 30720, DICTIONARY_SIZE_LIMIT 4096'


@functools.cache
def all_memory() -> str:
    """What DuckDB allows itself. RESET only says that it is back; and each SET of what was read is rounded down."""
    with duckdb.connect() as fresh:
        found = fresh.execute("SELECT current_setting('memory_limit')").fetchone()
    return str(found[0]) if found else '-1'


def in_little_memory(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Run a statement whose rows may come in any order; how many there were.

    What cannot spill is run again with all the memory there is.
    """
    # Athena promises no order either, and to keep one, large results would have to wait for each other.
    _set(connection, _MEMORY, ordered=False)
    try:
        return rows(connection, statement)
    except duckdb.OutOfMemoryException:
        connection.execute(f"SET memory_limit = '{all_memory()}'")
        try:
            return rows(connection, statement)
        finally:
            connection.execute(f"SET memory_limit = '{_MEMORY}'")


def in_all_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Let what follows have all memory, and keep the order of its rows: as in a new database."""
    _set(connection, all_memory(), ordered=True)


def _set(connection: duckdb.DuckDBPyConnection, limit: str, *, ordered: bool) -> None:
    # The two go together. To set a limit that is there already is not free: DuckDB gives what memory it holds back to
    # the system, and the next statement has to ask for it again.
    found = connection.execute("SELECT current_setting('preserve_insertion_order')").fetchone()
    if found and found[0] is ordered:
        return
    connection.execute(f"SET memory_limit = '{limit}'")
    connection.execute(f'SET preserve_insertion_order = {str(ordered).lower()}')


def rows(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Run a statement; how many rows it made."""
    counted = connection.execute(statement).fetchone()
    return int(counted[0]) if counted else 0
