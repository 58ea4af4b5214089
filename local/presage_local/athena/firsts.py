"""`SELECT … FROM (SELECT …, row_number() OVER (PARTITION BY key ORDER BY …) AS n FROM …) WHERE n = 1` of large tables.

A window keeps all rows in memory and gives them in the order of a hash: what is written of them compresses badly, and
whoever reads that is slow too. Most keys have one row, though. So of large tables the rows are kept in a file, in
their order; the keys that occur more than once are counted out, and the window is over those rows only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlglot import exp

from .memory import PARQUET, in_little_memory

# Below, the window is faster: there is one pass over the rows instead of three.
_LARGE = 64 << 20


@dataclass(frozen=True)
class First:
    """The first row of every key. The translated query reads it as the relation `name`; all SQL is DuckDB's."""

    name: str
    columns: tuple[str, ...]
    rows: str  # a query for all rows
    keys: tuple[str, ...]  # columns of `rows`
    order: tuple[str, ...]  # terms over columns of `rows`
    relations: tuple[str, ...]  # what `rows` reads

    def over(self, source: str) -> str:
        """A query for the first rows among those of a FROM item."""
        listed = ', '.join(self.columns)
        window = f'PARTITION BY {", ".join(self.keys)} ORDER BY {", ".join(self.order)}'
        numbered = f'SELECT {listed}, row_number() OVER ({window}) AS __number FROM {source}'
        return f'SELECT {listed} FROM ({numbered}) WHERE __number = 1'


def take_out(tree: exp.Expr, relations: Sequence[str]) -> tuple[First, ...]:
    """Replace what asks for first rows by relations to be made before. `relations`: tables the tree reads."""
    found: list[First] = []
    for outer in list(tree.find_all(exp.Select)):
        first = _first(outer, f'__f{len(found)}', set(relations))
        if first is None:
            continue
        subquery = outer.args['from_'].this
        table = exp.Table(this=exp.to_identifier(first.name, quoted=True), alias=subquery.args['alias'].copy())
        subquery.replace(table)
        outer.set('where', None)
        found.append(first)
    return tuple(found)


def _first(outer: exp.Select, name: str, relations: set[str]) -> First | None:
    subquery = outer.args['from_'].this if outer.args.get('from_') else None
    where = outer.args.get('where')
    if not isinstance(subquery, exp.Subquery) or not isinstance(subquery.this, exp.Select) or where is None:
        return None
    if outer.args.get('joins') or outer.args.get('laterals') or subquery.args.get('joins'):
        return None
    inner = subquery.this
    numbers = [item for item in inner.expressions if isinstance(item.unalias(), exp.Window)]
    if len(numbers) != 1 or set(_given(inner)) - {'expressions', 'from_', 'where'}:
        return None
    number, window = numbers[0].alias, numbers[0].unalias()
    if not isinstance(window.this, exp.RowNumber) or set(_given(window)) - {'this', 'partition_by', 'order', 'over'}:
        return None
    condition = where.this
    if not (
        isinstance(condition, exp.EQ)
        and isinstance(condition.this, exp.Column)
        and condition.this.name == number
        and condition.expression == exp.Literal.number(1)
    ):
        return None
    if sum(column.name == number for column in outer.find_all(exp.Column)) != 1:
        return None  # the number itself is wanted, too
    tables = {table.name for table in inner.find_all(exp.Table)}
    if not tables <= relations or inner.args.get('with_'):
        return None  # reads what is there within the statement only
    names = {item.unalias(): item.alias for item in inner.expressions if isinstance(item.unalias(), exp.Column)}
    keys = [names.get(term) for term in window.args.get('partition_by') or []]
    terms = window.args['order'].expressions if window.args.get('order') else []
    order = [names.get(term.this) for term in terms]
    if not keys or not terms or None in keys or None in order:
        return None
    for term, column in zip(terms, order, strict=True):
        term.set('this', exp.column(str(column), quoted=True))
    rows = inner.copy()
    rows.set('expressions', [item for item in rows.expressions if not isinstance(item.unalias(), exp.Window)])
    return First(
        name,
        tuple(_quoted(item.alias) for item in rows.expressions),
        rows.sql('duckdb'),
        tuple(_quoted(str(key)) for key in keys),
        tuple(term.sql('duckdb') for term in terms),
        tuple(sorted(tables)),
    )


def _given(node: exp.Expr) -> list[str]:
    return [name for name, value in node.args.items() if value]


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql('duckdb')


def make(connection: duckdb.DuckDBPyConnection, first: First, sizes: Mapping[str, int], scratch: Path) -> None:
    """Make the relation. `sizes`: bytes of each relation's files."""
    if sum(sizes[relation] for relation in first.relations) < _LARGE:
        connection.execute(f'CREATE TEMP VIEW {first.name} AS {first.over(f"({first.rows})")}')
        return
    file = str(scratch / f'{first.name}.parquet').replace("'", "''")
    keys = ', '.join(first.keys)
    rows, more = f"read_parquet('{file}')", f'{first.name}_more'
    in_little_memory(connection, f"COPY ({first.rows}) TO '{file}' ({PARQUET})")
    counted = f'SELECT {keys} FROM {rows} GROUP BY {keys} HAVING count(*) > 1'
    in_little_memory(connection, f'CREATE TEMP TABLE {more} AS {counted}')
    same = ' AND '.join(f'a.{key} IS NOT DISTINCT FROM b.{key}' for key in first.keys)
    once = f'SELECT {", ".join(first.columns)} FROM {rows} AS a ANTI JOIN {more} AS b ON {same}'
    again = first.over(f'(FROM {rows} AS a SEMI JOIN {more} AS b ON {same})')
    connection.execute(f'CREATE TEMP VIEW {first.name} AS {once} UNION ALL {again}')
