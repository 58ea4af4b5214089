"""Casts: what a text must look like to be a number or a time, how a double becomes an integer or a text."""

from __future__ import annotations

import re

from sqlglot import exp

from .rewrite import call, cast, either, fail, group, is_a, is_null, mends
from .types import FLOATS, INTEGERS, TEXTS, TIMESTAMPS, ZONED

_DECIMAL = r'\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*'
_TIMESTAMP = (
    r'\s*[+-]?[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?'
    r'( (UTC|Z|[+-][0-9]{1,2}:[0-9]{2}))?\s*'
)
_SHAPES = {
    **dict.fromkeys(INTEGERS, r'[+-]?[0-9]+'),
    **dict.fromkeys(FLOATS, r'\s*[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)\s*'),
    **dict.fromkeys(TIMESTAMPS | ZONED, _TIMESTAMP),
    exp.DType.DATE: r'\s*[+-]?[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}\s*',
    exp.DType.BOOLEAN: r'(?i)t|true|1|f|false|0',
}
# Types without parameters.
_PLAIN = ('TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'TIMESTAMPTZ', 'BOOLEAN')


@mends(exp.Cast, exp.TryCast)
def casting(node: exp.Expr) -> exp.Expr | None:
    """What a text must look like to be a number or a time, how a double becomes an integer or a text."""
    target, source, safe = node.args['to'], node.this, isinstance(node, exp.TryCast)
    if target.this in TEXTS:
        return _to_text(node, source)
    if target.this in TIMESTAMPS | ZONED:
        target = node.args['to'] = exp.DataType.build('TIMESTAMP' if target.this in TIMESTAMPS else 'TIMESTAMPTZ')
        target.parent = node
    if is_a(source, TEXTS):
        return _from_text(source, target, safe)
    if target.this in INTEGERS and (is_a(source, FLOATS) or is_a(source, {exp.DType.DECIMAL})):
        node.set('this', exp.Round(this=source.copy()))  # half away from zero; DuckDB rounds doubles half to even
    return None


def _to_text(node: exp.Expr, source: exp.Expr) -> exp.Expr | None:
    if is_a(source, FLOATS):
        return call('athena_double_text', cast(source, 'DOUBLE'))
    if is_a(source, TIMESTAMPS):
        return call('strftime', source, '%Y-%m-%d %H:%M:%S.%g')
    if is_a(source, ZONED):
        return call('strftime', source, '%Y-%m-%d %H:%M:%S.%g UTC')
    return None


def _from_text(source: exp.Expr, target: exp.DataType, safe: bool) -> exp.Expr | None:
    shape = _shape(target)
    if shape is None:
        return None
    if isinstance(source, exp.Literal):
        return _checked_literal(source, shape, target, safe)
    if target.this in _SHAPES and not target.expressions:
        return call(_macro(target, safe), source)
    return _checked(source, shape, target, safe)


def _shape(target: exp.DataType) -> str | None:
    return _DECIMAL if target.this == exp.DType.DECIMAL else _SHAPES.get(target.this)


def _macro(target: exp.DataType, safe: bool) -> str:
    return f'athena_{"try" if safe else "to"}_{target.sql("duckdb").lower()}'


def macros() -> list[str]:
    """What the translated SQL calls to read a text, for every type without parameters: `name(t) AS …`."""
    found = []
    for name in _PLAIN:
        target = exp.DataType.build(name)
        for safe in (False, True):
            body = _checked(exp.column('t'), _SHAPES[target.this], target, safe)
            found.append(f'{_macro(target, safe)}(t) AS {body.sql("duckdb")}')
    return found


def _value(source: exp.Expr, target: exp.DataType, safe: bool) -> exp.Expr:
    value = cast(source.copy(), target.sql('duckdb'), safe)
    return call('athena_millis', value) if target.this in TIMESTAMPS else value


def _checked(source: exp.Expr, shape: str, target: exp.DataType, safe: bool) -> exp.Expr:
    spelled = target.sql('duckdb')
    value = _value(source, target, safe)
    matches = call('regexp_full_match', source.copy(), shape)
    if safe:
        return either(matches, value)
    message = exp.DPipe(
        this=exp.DPipe(this=exp.convert("Cannot cast '"), expression=source.copy()),
        expression=exp.convert(f"' to {target.sql('trino').lower()}"),
    )
    refusal = fail('INVALID_CAST_ARGUMENT', message, spelled)
    ifs = [exp.If(this=is_null(source), true=exp.null()), exp.If(this=matches, true=value)]
    return exp.Case(
        ifs=[*_as_printed(source, spelled), *ifs] if target.this in INTEGERS else ifs,
        default=refusal,
    )


def _as_printed(source: exp.Expr, spelled: str) -> list[exp.If]:
    """A text that is what its own number is printed as needs no other look: half the time of a regular expression."""
    number = cast(source.copy(), spelled, safe=True)
    return [exp.If(this=exp.EQ(this=cast(number, 'VARCHAR'), expression=group(source.copy())), true=number.copy())]


def _checked_literal(source: exp.Literal, shape: str, target: exp.DataType, safe: bool) -> exp.Expr:
    # Literals such as DATE '2020-01-01' are constant: looked at once, here.
    spelled = target.sql('duckdb')
    if re.fullmatch(shape, source.this):
        return _value(source, target, safe)
    if safe:
        return cast(exp.null(), spelled)
    message = f"Cannot cast '{source.this}' to {target.sql('trino').lower()}"
    return fail('INVALID_CAST_ARGUMENT', message, spelled)
