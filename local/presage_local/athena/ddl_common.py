"""What the catalogue statements share: their answer, and finding the table they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import caller, catalogue
from .errors import QueryError

if TYPE_CHECKING:
    from .execution import Execution


@dataclass(frozen=True)
class Answer:
    """Lines of a utility statement (None: the statement gives nothing)."""

    lines: list[str] | None = None
    columns: tuple[str, ...] = ()
    scanned: int = 0
    manifest: str = ''


def table_named(text: str, execution: Execution) -> tuple[str, str, Any]:
    """(database, table, entry) of a name as written: db.table, `table`, "table"."""
    parts = [part.strip('`"').lower() for part in text.strip().split('.')]
    database, table = (execution.database, parts[0]) if len(parts) == 1 else (parts[-2], parts[-1])
    caller.check_glue('GetTable', database, table)
    entry = catalogue.find(database, table)
    if entry is None:
        raise QueryError('TABLE_NOT_FOUND', f'Table not found {database}.{table}')
    return database, table, entry
