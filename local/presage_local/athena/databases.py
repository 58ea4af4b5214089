"""DuckDB in memory, kept from one query to the next: to make a database takes longer than to answer a small query."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from .functions import prepare
from .memory import all_memory

# So many wait for the next query; a query never shares its database with another, nor its memory limit.
_WAITING = 4
_waiting: list[duckdb.DuckDBPyConnection] = []
_lock = threading.Lock()


def new() -> duckdb.DuckDBPyConnection:
    """An empty database that knows what translated SQL calls."""
    # What is read is linked under another name for each query: to keep it in memory is of no use.
    database = duckdb.connect(
        ':memory:', config={'preserve_insertion_order': 'true', 'enable_external_file_cache': 'false'}
    )
    prepare(database)
    return database


def warm() -> None:
    """Make one that waits: else somebody's first query would wait for it."""
    all_memory()
    database = new()
    with _lock:
        _waiting.append(database)


@contextmanager
def borrowed(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database nobody else uses; all that is made in it must be TEMP. It spills into `scratch`."""
    with _lock:
        database = _waiting.pop() if _waiting else None
    database = database or new()
    spill = scratch / 'spill'
    try:
        with database.cursor() as connection:
            connection.execute(f"SET temp_directory = '{str(spill).replace(chr(39), chr(39) * 2)}'")
            yield connection
    except BaseException:
        database.close()  # whatever it is in the middle of
        raise
    with _lock:
        # Where it has spilled it cannot leave.
        keep = len(_waiting) < _WAITING and not spill.exists()
        if keep:
            _waiting.append(database)
    if not keep:
        database.close()
