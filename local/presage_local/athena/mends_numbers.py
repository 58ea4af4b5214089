"""Numbers and aggregates: integer division, zero, decimals, what a sum or an average is."""

from __future__ import annotations

from sqlglot import exp

from .errors import unsupported
from .rewrite import call, cast, either, fail, group, is_a, is_zero, mends
from .types import FLOATS, INTEGERS, NUMBERS, duckdb_type


def _exact(node: exp.Expr) -> bool:
    return not (is_a(node.this, FLOATS) or is_a(node.expression, FLOATS))


def _never_zero(node: exp.Expr) -> bool:
    literal = node.unnest()
    return isinstance(literal, exp.Literal) and not literal.is_string and float(literal.this) != 0


@mends(exp.Div)
def division(node: exp.Expr) -> exp.Expr | None:
    """Integers divide to integers towards zero, decimals keep their scale, and both refuse a zero; doubles do not."""
    left, right = node.this, node.expression
    if not _exact(node):
        node.set('typed', False)
        node.set('safe', False)
        # DuckDB would divide two integers as doubles anyway: say so, and keep sqlglot from adding a TRUNC.
        return exp.Div(this=left, expression=right, typed=False, safe=False)
    if is_a(left, INTEGERS) and is_a(right, INTEGERS):
        result: exp.Expr = exp.IntDiv(this=group(left), expression=group(right))
    elif is_a(node, {exp.DType.DECIMAL}) and node.type is not None and node.type.expressions:
        precision, scale = (int(p.name) for p in node.type.expressions)
        # Exact as long as the numerator times 10^(scale + 1) fits: computed as an integer quotient, rounded half up.
        result = call('athena_decimal_divide', group(left), group(right), exp.convert(scale))
        result = cast(result, f'DECIMAL({precision}, {scale})')
    elif is_a(left, NUMBERS) and is_a(right, NUMBERS):
        raise unsupported('division of decimals of unknown scale: cast to double first')
    else:
        return None
    if _never_zero(right):
        return exp.Paren(this=result) if isinstance(result, exp.Binary) else result
    return either(is_zero(right), fail('DIVISION_BY_ZERO', 'Division by zero'), result)


@mends(exp.Mod)
def modulo(node: exp.Expr) -> exp.Expr | None:
    """The remainder by zero fails; DuckDB gives null."""
    if not _exact(node) or _never_zero(node.expression):
        return None
    return either(is_zero(node.expression), fail('DIVISION_BY_ZERO', 'Division by zero'), node.copy())


@mends(exp.Sum)
def total(node: exp.Expr) -> exp.Expr | None:
    """A sum of integers is a bigint (DuckDB: hugeint)."""
    return _result_cast(node, 'BIGINT') if is_a(node.this, INTEGERS) or is_a(node, INTEGERS) else None


@mends(exp.CountIf)
def count_if(node: exp.Expr) -> exp.Expr | None:
    """count_if gives a bigint."""
    return _result_cast(node, 'BIGINT')


@mends(exp.Avg)
def average(node: exp.Expr) -> exp.Expr | None:
    """The average of decimals is a decimal of the same type."""
    kind = node.this.type
    if is_a(node.this, {exp.DType.DECIMAL}) and kind is not None and kind.expressions:
        return _result_cast(node, kind.sql('duckdb'))
    return None


def _result_cast(node: exp.Expr, kind: str) -> exp.Expr | None:
    # FILTER, OVER and IGNORE NULLS belong to the aggregate: the cast goes around them.
    outer = node
    while isinstance(outer.parent, (exp.Filter, exp.Window, exp.WithinGroup)) and outer.parent.this is outer:
        outer = outer.parent
    if outer is node:
        return cast(node.copy(), kind)
    wrapped = cast(outer.copy(), kind)
    wrapped.type = node.type
    outer.replace(wrapped)
    return None


@mends(exp.Ceil, exp.Floor, exp.Round)
def whole(node: exp.Expr) -> exp.Expr | None:
    """ceil, floor and round keep an integer an integer."""
    return node.this if is_a(node.this, INTEGERS) and not node.args.get('decimals') else None


@mends(exp.Sign)
def sign(node: exp.Expr) -> exp.Expr | None:
    """sign has its argument's type."""
    kind = node.this.type
    return cast(node.copy(), duckdb_type(kind)) if kind is not None and is_a(node.this, NUMBERS) else None


@mends(exp.ArgMax, exp.ArgMin)
def arg_extreme(node: exp.Expr) -> exp.Expr | None:
    """max_by gives the row's value even if that is null; DuckDB skips such rows."""
    if node.args.get('count'):
        raise unsupported('max_by and min_by of several rows')
    name = 'arg_max_null' if isinstance(node, exp.ArgMax) else 'arg_min_null'
    return call(name, node.this, node.expression)
