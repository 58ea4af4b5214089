"""Type errors Trino raises and DuckDB does not: it would cast a text to whatever it is compared with."""

from __future__ import annotations

from sqlglot import exp

from .errors import QueryError
from .types import NUMBERS, TEXTS, TIMESTAMPS, ZONED

_DAYS = {exp.DType.DATE}
_FAMILIES = (
    ('number', NUMBERS),
    ('text', TEXTS),
    ('moment', _DAYS | TIMESTAMPS | ZONED),
    ('boolean', {exp.DType.BOOLEAN}),
)
_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: '=', exp.NEQ: '<>', exp.LT: '<', exp.LTE: '<=', exp.GT: '>', exp.GTE: '>=',
    exp.Add: '+', exp.Sub: '-', exp.Mul: '*', exp.Div: '/', exp.Mod: '%',
    exp.NullSafeEQ: 'IS DISTINCT FROM', exp.NullSafeNEQ: 'IS DISTINCT FROM',
}  # fmt: skip
_NUMERIC_AGGREGATES = (exp.Sum, exp.Avg)


def _family(node: exp.Expr) -> str | None:
    kind = node.type.this if node.type is not None else None
    return next((name for name, kinds in _FAMILIES if kind in kinds), None)


def _spelled(node: exp.Expr) -> str:
    return node.type.sql('trino').lower() if node.type is not None else 'unknown'


def _refuse(left: exp.Expr, right: exp.Expr, sign: str) -> None:
    raise QueryError(
        'TYPE_MISMATCH', f'{_place(left)}: Cannot apply operator: {_spelled(left)} {sign} {_spelled(right)}'
    )


def _place(node: exp.Expr) -> str:
    for part in node.find_all(exp.Identifier):
        if part.meta.get('line'):
            return f'line {part.meta["line"]}:{max(1, int(part.meta.get("col", 1)) - len(part.name) + 1)}'
    return 'line 1:1'


def _check_pair(left: exp.Expr, right: exp.Expr, sign: str) -> None:
    first, second = _family(left), _family(right)
    if first and second and first != second:
        _refuse(left, right, sign)


def _check_condition(node: exp.Expr, what: str) -> None:
    if _family(node) not in (None, 'boolean'):
        raise QueryError('TYPE_MISMATCH', f'{_place(node)}: {what} must evaluate to a boolean: {_spelled(node)}')


def check_types(tree: exp.Expr) -> None:
    """TYPE_MISMATCH for the first operator whose sides Trino does not compare or compute with each other."""
    for node in tree.walk():
        if isinstance(node, tuple(_SIGNS)):
            arithmetic = isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod))
            _check_pair(node.this, node.expression, _SIGNS[type(node)])
            if arithmetic and _family(node.this) in ('text', 'boolean'):
                _refuse(node.this, node.expression, _SIGNS[type(node)])
        elif isinstance(node, (exp.And, exp.Or)):
            for side in (node.this, node.expression):
                _check_condition(side, 'Logical expression term')
        elif isinstance(node, (exp.Where, exp.Having)):
            _check_condition(node.this, f'{type(node).__name__.upper()} clause')
        elif isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
            if node.parent.this is None:
                _check_condition(node.this, 'CASE WHEN clause')
            else:
                _check_pair(node.parent.this, node.this, 'CASE WHEN')
        elif isinstance(node, exp.Join) and node.args.get('on') is not None:
            _check_condition(node.args['on'], 'JOIN ON clause')
        elif isinstance(node, exp.Between):
            _check_pair(node.this, node.args['low'], 'BETWEEN')
            _check_pair(node.this, node.args['high'], 'BETWEEN')
        elif isinstance(node, exp.In):
            for item in node.expressions:
                _check_pair(node.this, item, 'IN')
        elif isinstance(node, _NUMERIC_AGGREGATES) and _family(node.this) in ('text', 'boolean'):
            name = type(node).__name__.lower()
            raise QueryError(
                'FUNCTION_NOT_FOUND',
                f'{_place(node)}: Unexpected parameters ({_spelled(node.this)}) for function {name}',
            )
        elif isinstance(node, (exp.Coalesce, exp.Greatest, exp.Least)):
            for item in node.expressions:
                first, second = _family(node.this), _family(item)
                if first and second and first != second:
                    raise QueryError(
                        'TYPE_MISMATCH',
                        f'{_place(node)}: All {type(node).__name__.upper()} operands must be the same type: '
                        f'{_spelled(node.this)}, {_spelled(item)}',
                    )
        elif isinstance(node, exp.DPipe):
            for side in (node.this, node.expression):
                if _family(side) not in (None, 'text'):
                    raise QueryError(
                        'FUNCTION_NOT_FOUND',
                        f'{_place(node)}: Unexpected parameters ({_spelled(node.this)}, {_spelled(node.expression)}) '
                        'for function concat',
                    )
