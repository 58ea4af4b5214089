"""SHOW and DESCRIBE."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import caller, catalogue
from .ddl_common import Answer, table_named
from .errors import QueryError, unsupported
from .statements import Ddl

if TYPE_CHECKING:
    from .execution import Execution


def show_tables(statement: Ddl, execution: Execution) -> Answer:
    match = re.match(r"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+([`\w\"]+))?(?:\s+'([^']*)')?$", statement.sql, re.IGNORECASE)
    if match is None:
        raise QueryError('SYNTAX_ERROR', "line 1:1: SHOW TABLES [IN database] ['pattern']")
    database = (match.group(1) or execution.database).strip('`"').lower()
    caller.check_glue('GetTables', database)
    if not catalogue.has_database(database):
        raise QueryError('SCHEMA_NOT_FOUND', f'Database does not exist: {database}')
    pattern = (match.group(2) or '*').replace('*', '.*')
    names = sorted(key.split('/', 1)[1] for key in catalogue.glue._tables if key.startswith(f'{database}/'))
    return Answer([name for name in names if re.fullmatch(pattern, name)], ('tab_name',))


def show_databases(_statement: Ddl, _execution: Execution) -> Answer:
    caller.check_glue('GetDatabases', '*')
    return Answer(sorted(catalogue.glue._databases), ('database_name',))


def show_partitions(statement: Ddl, execution: Execution) -> Answer:
    database, table, entry = table_named(statement.sql.split()[2], execution)
    caller.check_glue('GetPartitions', database, table)
    keys = list(catalogue.partition_keys(entry))
    parts = catalogue.partitions(database, table)
    lines = ['/'.join(f'{k}={v}' for k, v in zip(keys, part.get('Values') or [], strict=False)) for part in parts]
    return Answer(sorted(lines), ('partition',))


def show_columns(statement: Ddl, execution: Execution) -> Answer:
    match = re.match(r'SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(\S+)$', statement.sql, re.IGNORECASE)
    if match is None:
        raise QueryError('SYNTAX_ERROR', 'line 1:1: SHOW COLUMNS IN table')
    _, _, entry = table_named(match.group(1), execution)
    return Answer([*catalogue.columns(entry), *catalogue.partition_keys(entry)], ('field',))


def describe(statement: Ddl, execution: Execution) -> Answer:
    words = statement.sql.split()
    if len(words) != 2:
        raise unsupported(f'the statement {statement.sql}')
    _, _, entry = table_named(words[1], execution)
    keys = catalogue.partition_keys(entry)
    lines = [f'{name:<20}\t{kind:<20}\t{"":<20}' for name, kind in {**catalogue.columns(entry), **keys}.items()]
    if keys:
        lines += ['\t \t ', '# Partition Information\t \t ', f'{"# col_name":<20}\t{"data_type":<20}\t{"comment":<20}']
        lines += [f'{name:<20}\t{kind:<20}\t{"":<20}' for name, kind in keys.items()]
    return Answer(lines, ('col_name', 'data_type', 'comment'))
