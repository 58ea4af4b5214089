"""Columns of text that a query reads as numbers only: SELECT CAST(NULLIF(c, '') AS bigint) … WHERE c <> ''.

So are the columns of a CSV file staged, whole numbers and doubles. The relation has the number then, not the text, and
where a column of a file holds nothing but digits DuckDB's CSV reader makes the numbers itself: half the time of a text
that is cast.

Only of a SELECT of that form, where every cast is of every row that is filled: any other may keep a cast from rows
that would fail it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from .prune import conjuncts
from .rewrite import is_a
from .types import INTEGERS, TEXTS

# Beside the number: whether the text was not empty.
FILLED = '__filled_'
_KINDS = INTEGERS | {exp.DType.DOUBLE}
_PARTS = {'expressions', 'from_', 'where'}


def take(select: exp.Expr, columns: Iterable[exp.Column]) -> dict[str, str]:
    """Change all mentions of such columns; column → DuckDB's type of the number.

    `columns`: the mentions, in a SELECT, of what it reads, its partition keys left out.
    """
    if not isinstance(select, exp.Select) or {name for name, value in select.args.items() if value} - _PARTS:
        return {}
    where = select.args.get('where')
    conditions = conjuncts(where.this) if where else []
    asking = {id(condition.this) for condition in conditions if _asks_if_filled(condition)}
    if len(asking) < len(conditions):
        return {}
    mentions: dict[str, list[exp.Column]] = {}
    for column in columns:
        mentions.setdefault(column.name, []).append(column)
    found = {}
    for name, nodes in mentions.items():
        kinds = {_kind(node) for node in nodes if id(node) not in asking}
        if len(kinds) == 1 and (kind := kinds.pop()) is not None:
            found[name] = kind
            for node in nodes:
                _replace(node, id(node) in asking)
    return found


def _kind(column: exp.Column) -> str | None:
    empty = column.parent
    whole = empty.parent if isinstance(empty, exp.Nullif) and empty.this is column else None
    if empty is None or not is_a(column, TEXTS) or not isinstance(whole, exp.Cast) or isinstance(whole, exp.TryCast):
        return None
    target, item = whole.to, whole.parent
    alone = isinstance(item, exp.Alias) and isinstance(item.parent, exp.Select)
    return target.sql('duckdb') if alone and _is_empty(empty.expression) and target.this in _KINDS else None


def _asks_if_filled(condition: exp.Expr) -> bool:
    return isinstance(condition, exp.NEQ) and isinstance(condition.this, exp.Column) and _is_empty(condition.expression)


def _is_empty(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string and not node.this


def _replace(column: exp.Column, asks: bool) -> None:
    inner = column.parent
    old = inner if asks or inner is None else inner.parent  # `c <> ''`, or the cast around NULLIF(c, '')
    if old is None:
        raise AssertionError('the mention is inside of what is replaced')
    new = column.copy()
    new.type = old.type
    if asks:
        new.set('this', exp.to_identifier(f'{FILLED}{column.name}', quoted=True))
    old.replace(new)


def values(columns: Mapping[str, str], numbers: Mapping[str, str]) -> dict[str, str]:
    """column → SQL of its text, or of its number from `read`, as column → SQL of its number where that is asked for."""
    made = dict(columns)
    for name, kind in numbers.items():
        if name in columns and f'{FILLED}{name}' not in columns:
            made[name] = f"athena_to_{kind.lower()}(nullif({columns[name]}, ''))"
            made[f'{FILLED}{name}'] = f"{columns[name]} <> ''"
    return made


def read(columns: Mapping[str, str]) -> dict[str, str]:
    """column → SQL of a number that was read as one, with what is asked about its text."""
    return {**columns, **{f'{FILLED}{name}': f'{value} IS NOT NULL' for name, value in columns.items()}}
