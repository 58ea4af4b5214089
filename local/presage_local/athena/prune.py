"""Which partitions a query needs: the simple conditions on partition keys in its WHERE."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

_COMPARISONS = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def partition_predicate(scope: Scope, alias: str, keys: tuple[str, ...]) -> str | None:
    """The conjuncts of WHERE that compare only partition keys of `alias` with constants, as DuckDB SQL, or None.

    Only conditions that are never true of a null are taken, so that pruning one side of an outer join is safe.
    """
    where = scope.expression.args.get('where') if isinstance(scope.expression, exp.Select) else None
    if where is None:
        return None
    taken = [part.copy() for part in conjuncts(where.this) if _simple(part, alias, keys)]
    for part in taken:
        for column in part.find_all(exp.Column):
            column.set('table', None)
    return ' AND '.join(f'({part.sql("duckdb")})' for part in taken) or None


def conjuncts(node: exp.Expr) -> list[exp.Expr]:
    """The conditions that all have to hold."""
    node = node.unnest()
    if isinstance(node, exp.And):
        return conjuncts(node.this) + conjuncts(node.expression)
    return [node]


def _key(node: exp.Expr, alias: str, keys: tuple[str, ...]) -> bool:
    return isinstance(node, exp.Column) and node.table == alias and node.name in keys


def _constant(node: exp.Expr) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Cast):
        return isinstance(node.this, exp.Literal)
    return isinstance(node, exp.Literal)


def _simple(node: exp.Expr, alias: str, keys: tuple[str, ...]) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Or):
        return _simple(node.this, alias, keys) and _simple(node.expression, alias, keys)
    if isinstance(node, _COMPARISONS):
        left, right = node.this, node.expression
        return (_key(left, alias, keys) and _constant(right)) or (_key(right, alias, keys) and _constant(left))
    if isinstance(node, exp.Between):
        return _key(node.this, alias, keys) and _constant(node.args['low']) and _constant(node.args['high'])
    if isinstance(node, exp.In):
        items = node.expressions
        return (
            bool(items) and not node.args.get('query') and _key(node.this, alias, keys) and all(map(_constant, items))
        )
    return False
