"""What a query can fail with, in Athena's words."""

from __future__ import annotations

import re

import duckdb

# A failure our SQL raises on purpose is a cast of this text: DuckDB then names it in its conversion error. (Its own
# error() is volatile: it may stand neither in TRY nor in GROUP BY.)
MARK_OPEN, MARK_CLOSE = '⟦', '⟧'
_MARKED = re.compile(f'{MARK_OPEN}(.*?){MARK_CLOSE}', re.DOTALL)


class QueryError(Exception):
    """A query Athena would fail. `name` is Trino's error name, `str(error)` the whole reason."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f'{name}: {message}')
        self.name = name


def unsupported(what: str) -> QueryError:
    """Something Athena may know and this engine does not: never a silent success."""
    return QueryError('NOT_SUPPORTED', f'{what} (the local Athena does not know it)')


def from_duckdb(error: duckdb.Error) -> QueryError:
    """The Athena-shaped form of what DuckDB says."""
    text = str(error)
    marked = _MARKED.search(text)
    if marked:
        name, _, message = marked.group(1).partition(': ')
        return QueryError(name, message)
    # DuckDB appends the statement, which is the translated one and would only confuse.
    text = text.split('\n\nLINE ')[0].strip()
    kind, _, message = text.partition(' Error: ')
    message = message or text
    if isinstance(error, duckdb.OutOfRangeException) or 'out of range' in message:
        return QueryError('NUMERIC_VALUE_OUT_OF_RANGE', message)
    if isinstance(error, duckdb.ConversionException):
        return QueryError('INVALID_CAST_ARGUMENT', message)
    if isinstance(error, duckdb.CatalogException):
        return QueryError('FUNCTION_NOT_FOUND', message)
    if isinstance(error, duckdb.ParserException):
        return QueryError('SYNTAX_ERROR', message)
    if isinstance(error, duckdb.BinderException):
        if 'GROUP BY' in message:
            return QueryError('EXPRESSION_NOT_AGGREGATE', message)
        return QueryError('TYPE_MISMATCH' if 'type' in message.lower() else 'SYNTAX_ERROR', message)
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError('EXCEEDED_LOCAL_MEMORY_LIMIT', message)
    if isinstance(error, (duckdb.InvalidInputException, duckdb.IOException)):
        return QueryError('INVALID_FUNCTION_ARGUMENT' if 'Invalid' in kind else 'GENERIC_INTERNAL_ERROR', message)
    return QueryError('GENERIC_INTERNAL_ERROR', message)
