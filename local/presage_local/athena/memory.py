"""Statements that rather spill to disk than take a laptop's memory from all else that runs."""

from __future__ import annotations

import duckdb

# Of one statement. Ten million order lines, each key once, joined to their orders, fit.
_MEMORY = '400MB'


def in_little_memory(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Run a statement whose rows may come in any order; how many there were.

    What cannot spill is run again with all the memory there is.
    """
    setting = connection.execute(
        "SELECT current_setting('memory_limit'), current_setting('preserve_insertion_order')"
    ).fetchone()
    limit, ordered = setting or ('-1', True)
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    # Athena promises no order either, and to keep one, large results would have to wait for each other.
    connection.execute('SET preserve_insertion_order = false')
    try:
        count = rows(connection, statement)
        connection.execute(f"SET memory_limit = '{limit}'")
    except duckdb.OutOfMemoryException:
        connection.execute(f"SET memory_limit = '{limit}'")
        count = rows(connection, statement)
    connection.execute(f'SET preserve_insertion_order = {str(ordered).lower()}')
    return count


def rows(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Run a statement; how many rows it made."""
    counted = connection.execute(statement).fetchone()
    return int(counted[0]) if counted else 0
