"""Athena's SQL (Trino) to DuckDB's, against the catalogue's schema."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects import Dialect
from sqlglot.errors import ErrorLevel, OptimizeError, ParseError, SqlglotError, TokenError, UnsupportedError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from . import staged_numbers
from .check import check_types
from .errors import QueryError, unsupported
from .firsts import First, take_out
from .functions import rename_functions
from .mends import mend
from .prune import partition_predicate
from .types import parse_type
from .typing import METADATA

# Read now: else somebody's first query waits for it.
for _dialect in ('athena', 'trino', 'duckdb'):
    Dialect.get_or_raise(_dialect)

PATH = '$path'
Columns = Mapping[str, str]  # column → declared type, in the table's order, partition keys last
Lookup = Callable[[str, str], tuple[Columns, tuple[str, ...]] | None]  # (database, table) → columns, partition keys


@dataclass(frozen=True)
class TableUse:
    """One mention of a table in a query, and what of it the query can see."""

    relation: str  # the name in the translated SQL
    database: str
    table: str
    columns: frozenset[str]
    predicate: str | None  # DuckDB SQL over the partition keys that every needed row satisfies
    numbers: tuple[tuple[str, str], ...] = ()  # text columns read as whole numbers, and as which type


@dataclass(frozen=True)
class Translation:
    """A query in DuckDB's dialect; the relations it reads have to be made first: tables, then `firsts`."""

    sql: str
    tables: tuple[TableUse, ...]
    firsts: tuple[First, ...] = ()


def duckdb_sql(sql: str, schema: Mapping[str, Columns], database: str = 'default') -> str:
    """Athena's SQL in DuckDB's dialect, tables under their own names (`schema`: table → column → Athena type).

    Run it on a connection from `engine.connect()`, which knows the functions it calls. QueryError as in Athena.
    """
    return translate(sql, _lookup_in(schema), database, own_names=True).sql


def _lookup_in(schema: Mapping[str, Columns]) -> Lookup:
    lowered = {name.lower(): columns for name, columns in schema.items()}

    def lookup(database: str, table: str) -> tuple[Columns, tuple[str, ...]] | None:
        return (lowered[table], ()) if table in lowered else None

    return lookup


@functools.lru_cache(maxsize=64)
def _parsed(sql: str) -> exp.Expr:
    return parse(sql)  # shared: copy it before changing it


def parse(sql: str) -> exp.Expr:
    """The one statement in a text. SYNTAX_ERROR says where."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read='athena', error_level=ErrorLevel.IMMEDIATE) if tree]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        near = f" near '{first['highlight']}'" if first.get('highlight') else ''
        where = f'line {first.get("line", 1)}:{max(1, first.get("col", 1))}'
        what = str(first.get('description') or error).split(' but got <Token')[0].rstrip('.')
        raise QueryError('SYNTAX_ERROR', f'{where}: {what}{near}') from None
    except TokenError as error:
        raise QueryError('SYNTAX_ERROR', f'line 1:1: {error}') from None
    if len(trees) != 1:
        raise QueryError('SYNTAX_ERROR', 'line 1:1: Only one sql statement is allowed')
    return trees[0]


def translate(sql: str | exp.Expr, lookup: Lookup, database: str, *, own_names: bool = False) -> Translation:
    """Translate a query (SELECT, WITH, VALUES, set operations). QueryError names what Athena would refuse."""
    tree = _parsed(sql) if isinstance(sql, str) else sql
    if not isinstance(tree, exp.Query):
        raise QueryError('SYNTAX_ERROR', f"line 1:1: mismatched input '{tree.key.upper()}'")
    found = _tables_of(tree, lookup, database.lower())
    text = tree.sql('athena') if not isinstance(sql, str) else sql
    key = json.dumps([[db, table, list(columns.items()), keys] for (db, table), (columns, keys) in found.items()])
    return _translate(text, key, database.lower(), own_names)


def _tables_of(tree: exp.Expr, lookup: Lookup, database: str) -> dict[tuple[str, str], Any]:
    """The catalogue entries of all tables a statement names. TABLE_NOT_FOUND for one that is not there."""
    found: dict[tuple[str, str], Any] = {}
    for node, scope_names in _tables_with_ctes(tree):
        if not node.db and node.name.lower() in scope_names:
            continue
        if not isinstance(node.this, exp.Identifier):
            raise unsupported(f'the table function {node.this.sql("trino")}')
        catalog, db, table = node.catalog.lower(), (node.db or database).lower(), node.name.lower()
        identifier = node.this
        where = f'line {identifier.meta.get("line", 1)}:{_column_of(identifier)}'
        if catalog not in ('', 'awsdatacatalog'):
            raise QueryError('CATALOG_NOT_FOUND', f"{where}: Catalog '{catalog}' does not exist")
        if (db, table) not in found:
            entry = lookup(db, table)
            if entry is None:
                raise QueryError('TABLE_NOT_FOUND', f"{where}: Table 'awsdatacatalog.{db}.{table}' does not exist")
            found[(db, table)] = entry
    return found


def _tables_with_ctes(tree: exp.Expr) -> list[tuple[exp.Table, set[str]]]:
    pairs = []
    for node in tree.find_all(exp.Table):
        names: set[str] = set()
        parent = node.parent
        while parent is not None:
            for cte in getattr(parent, 'ctes', None) or []:
                names.add(cte.alias.lower())
            parent = parent.parent
        pairs.append((node, names))
    return pairs


def _column_of(identifier: exp.Expr) -> int:
    # sqlglot counts to the end of a token, Trino names its start.
    return max(1, int(identifier.meta.get('col', 1)) - len(identifier.name) + 1)


@functools.lru_cache(maxsize=256)
def _translate(text: str, catalogue: str, database: str, own_names: bool) -> Translation:
    entries = {(db, table): (columns, tuple(keys)) for db, table, columns, keys in json.loads(catalogue)}
    original = _parsed(text)
    tree = original.copy()
    _prepare(tree, database)
    schema = _schema(entries, PATH in text)
    try:
        tree = qualify(
            tree, schema=schema, dialect='trino', db=database, expand_alias_refs=False, validate_qualify_columns=True
        )
        tree = annotate_types(tree, schema=schema, expression_metadata=METADATA, dialect='trino')
    except (OptimizeError, SqlglotError) as error:
        raise _resolution_error(error, original, entries) from None
    check_types(tree)
    uses = _replace_tables(tree, entries, own_names)
    try:
        rename_functions(tree)
        tree = mend(tree)
        firsts = () if own_names else take_out(tree, [use.relation for use in uses])
        sql = tree.sql('duckdb', unsupported_level=ErrorLevel.RAISE, copy=False)
    except UnsupportedError as error:
        raise unsupported(str(error).rstrip('.')) from None
    return Translation(sql, uses, firsts)


def _prepare(tree: exp.Expr, database: str) -> None:
    """Drop the catalogue's name, and name the columns Athena would name `_colN`."""
    for table in tree.find_all(exp.Table):
        table.set('catalog', None)
    for select in tree.find_all(exp.Select):
        for position, item in enumerate(select.expressions):
            if not isinstance(item, (exp.Column, exp.Alias, exp.Star, exp.Aliases, exp.Dot)) and not item.is_star:
                select.expressions[position].replace(exp.alias_(item.copy(), f'_col{position}'))


def _schema(entries: Mapping[tuple[str, str], Any], with_path: bool) -> MappingSchema:
    typed: dict[str, Any] = {}
    visible: dict[str, Any] = {}
    for (db, table), (columns, _) in entries.items():
        kinds = {name.lower(): parse_type(kind) for name, kind in columns}
        visible.setdefault(db, {})[table] = list(kinds)
        if with_path:
            kinds[PATH] = exp.DataType.build('varchar')
        typed.setdefault(db, {})[table] = kinds
    return MappingSchema(typed, visible=visible, dialect='trino') if typed else MappingSchema(dialect='trino')


def _replace_tables(tree: exp.Expr, entries: Mapping[tuple[str, str], Any], own_names: bool) -> tuple[TableUse, ...]:
    uses: list[TableUse] = []
    for scope in traverse_scope(tree):
        for alias, (_, source) in scope.selected_sources.items():
            if isinstance(source, Scope) or not isinstance(source, exp.Table):
                continue
            key = (source.db, source.name)
            if key not in entries:
                continue
            mentions = [column for column in scope.columns if column.table == alias]
            columns = frozenset(column.name for column in mentions)
            keys = entries[key][1]
            predicate = partition_predicate(scope, alias, keys) if keys else None
            relation = source.name if own_names else f'__t{len(uses)}'
            data = [column for column in mentions if column.name not in (*keys, PATH)]
            numbers = {} if own_names else staged_numbers.take(scope.expression, data)
            uses.append(TableUse(relation, *key, columns, predicate, tuple(numbers.items())))
            source.set('db', None)
            source.set('this', exp.to_identifier(relation, quoted=True))
            if not source.alias:
                source.set('alias', exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return tuple(uses)


def _resolution_error(error: Exception, tree: exp.Expr, entries: Mapping[tuple[str, str], Any]) -> QueryError:
    """What sqlglot could not resolve, in Trino's words and with the place in the statement."""
    text = str(error).splitlines()[0]
    found = re.search(r"[Cc]olumn '?\"?([^'\"\s]+?)\"?'? could not be resolved|Unknown column: \"?([^\s\"]+)", text)
    if found is None:
        name = 'COLUMN_NOT_FOUND' if 'Unknown table' in text else 'SYNTAX_ERROR'
        return QueryError(name, f'line 1:1: {text}')
    column = (found.group(1) or found.group(2)).split('.')[-1].strip('"').lower()
    nodes = [node for node in tree.find_all(exp.Column) if node.name.lower() == column]
    unknown = [node for node in nodes if not node.table]
    for node in unknown:
        if _owners(node, entries) > 1:
            return QueryError('AMBIGUOUS_NAME', f"{_place(node)}: Column '{column}' is ambiguous")
    tail = 'cannot be resolved or requester is not authorized to access requested resources'
    # The same name may be right elsewhere: the first mention nobody owns is the one meant.
    lost = next((node for node in unknown if _owners(node, entries) == 0), nodes[0] if nodes else None)
    if lost is None:
        return QueryError('COLUMN_NOT_FOUND', f"line 1:1: Column '{column}' {tail}")
    spelled = f'{lost.table}.{column}' if lost.table else column
    return QueryError('COLUMN_NOT_FOUND', f"{_place(lost)}: Column '{spelled}' {tail}")


def _place(column: exp.Column) -> str:
    first = column.parts[0]
    return f'line {first.meta.get("line", 1)}:{_column_of(first)}'


def _owners(column: exp.Column, entries: Mapping[tuple[str, str], Any]) -> int:
    """How many relations of the column's own SELECT have a column of that name."""
    select = column.find_ancestor(exp.Select)
    if select is None:
        return 0
    clauses = [select.args.get('from_'), *(select.args.get('joins') or [])]
    count = 0
    for clause in clauses:
        relation = clause.this if clause is not None else None
        if isinstance(relation, exp.Table):
            tables = [columns for (_, name), (columns, _) in entries.items() if name == relation.name.lower()]
            count += any(column.name.lower() in dict(columns) for columns in tables)
        elif relation is not None:
            names = relation.alias_column_names or getattr(relation, 'named_selects', [])
            count += column.name.lower() in [name.lower() for name in names]
    return count
