"""Arrays, maps, JSON and text: what is not there, what does not match, where counting starts."""

from __future__ import annotations

import re

from sqlglot import exp

from .errors import unsupported
from .rewrite import call, cast, either, fail, group, is_a, is_null, mends
from .types import INTEGERS


@mends(exp.Bracket)
def subscript(node: exp.Expr) -> exp.Expr | None:
    """An array's or a map's `[ ]` fails where there is nothing (element_at, which is null there, stays)."""
    if node.args.get('safe') or len(node.expressions) != 1:
        return None
    index = node.expressions[0]
    if is_a(node.this, {exp.DType.ARRAY, exp.DType.LIST}):
        if isinstance(index, exp.Literal):
            index = exp.convert(int(index.this) + 1)  # sqlglot holds constant positions from 0
        size = call('len', node.this.copy())
        inside = exp.Between(this=group(index.copy()), low=exp.convert(1), high=size)
        nothing = exp.Or(this=is_null(node.this), expression=is_null(index))
        message = 'Array subscript must be less than or equal to array length'
        return exp.Case(
            ifs=[
                exp.If(this=nothing, true=exp.null()),
                exp.If(this=inside, true=call('list_extract', node.this.copy(), index.copy())),
            ],
            default=fail('INVALID_FUNCTION_ARGUMENT', message),
        )
    if is_a(node.this, {exp.DType.MAP}):
        known = call('map_contains', node.this.copy(), index.copy())
        missing = exp.Not(this=known)
        return either(missing, fail('INVALID_FUNCTION_ARGUMENT', 'Key not present in map'), node.copy())
    return None


@mends(exp.ArrayPosition)
def array_position(node: exp.Expr) -> exp.Expr:
    """array_position is 0 where the element is not."""
    found = call('list_position', node.this.copy(), node.expression.copy())
    return either(
        exp.Or(this=is_null(node.this), expression=is_null(node.expression)),
        exp.null(),
        exp.Coalesce(this=found, expressions=[exp.convert(0)]),
    )


# Java's Character.isWhitespace, which Trino's trim goes by.
_WHITESPACE = ''.join(
    chr(code)
    for code in (
        *(*range(0x09, 0x0E), *range(0x1C, 0x21), 0x1680),
        *(*range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028, 0x2029, 0x205F, 0x3000),
    )
)


@mends(exp.Trim)
def trim(node: exp.Expr) -> exp.Expr | None:
    """trim takes away all white space; DuckDB's takes away spaces only."""
    if node.expression:
        return None
    name = {'LEADING': 'ltrim', 'TRAILING': 'rtrim'}.get(str(node.args.get('position')), 'trim')
    return call(name, node.this.copy(), _WHITESPACE)


@mends(exp.SplitPart)
def split_part(node: exp.Expr) -> exp.Expr:
    """split_part beyond the last part is null; DuckDB gives an empty text."""
    parts = call('string_split', node.this, node.args['delimiter'])
    return call('list_extract', parts, node.args['part_index'])


@mends(exp.FromBase)
def from_base(node: exp.Expr) -> exp.Expr:
    """from_base reads a text as a number of that base."""
    return call('athena_from_base', node.this, cast(node.expression, 'BIGINT'))


@mends(exp.JSONExtract)
def json_extract(node: exp.Expr) -> exp.Expr:
    """json_extract is null for what is not JSON."""
    path = exp.convert(node.expression.sql('duckdb').strip("'"))
    return call('json_extract', call('athena_json', cast(node.this, 'VARCHAR')), path)


@mends(exp.JSONExtractScalar)
def json_scalar(node: exp.Expr) -> exp.Expr:
    """json_extract_scalar is null for an object, an array, a JSON null and for what is not JSON."""
    document = call('athena_json', cast(node.this, 'VARCHAR'))
    path = exp.convert(node.expression.sql('duckdb').strip("'"))
    return call('athena_json_scalar', document, path)


@mends(exp.RegexpExtract)
def regexp_extract(node: exp.Expr) -> exp.Expr:
    """regexp_extract is null where nothing matches; DuckDB gives an empty text."""
    pattern, index = node.expression, node.args.get('group') or exp.convert(0)
    match = call('regexp_extract', node.this.copy(), pattern.copy(), index.copy())
    return either(call('regexp_matches', node.this.copy(), pattern.copy()), match)


@mends(exp.RegexpReplace)
def regexp_replace(node: exp.Expr) -> exp.Expr:
    """Groups are `$1` in Trino and `\\1` in DuckDB."""
    replacement = node.args.get('replacement') or exp.convert('')
    if isinstance(replacement, exp.Literal):
        replacement = exp.convert(re.sub(r'\$(\d)', r'\\\1', replacement.this))
    return call('regexp_replace', node.this, node.expression, replacement, 'g')


@mends(exp.Reduce)
def reduce(node: exp.Expr) -> exp.Expr:
    """reduce(array, start, step, finish): the finish applied to the folded list."""
    step, finish = node.args['merge'], node.args.get('finish')
    start = node.args['initial']
    merged = step.sql('duckdb') if isinstance(step, exp.Lambda) else ''
    if not merged:
        raise unsupported('reduce without a lambda')
    folded: exp.Expr = call('list_reduce', node.this, step, start)
    if isinstance(finish, exp.Lambda):
        name = finish.expressions[0].name
        body = finish.this.copy()
        if isinstance(body, (exp.Identifier, exp.Column)) and body.name == name:
            return folded
        finished = call('list_transform', exp.Array(expressions=[folded]), finish)
        return call('list_extract', finished, 1)
    return folded


@mends(exp.GenerateSeries)
def sequence(node: exp.Expr) -> exp.Expr:
    """sequence(5, 1) counts down; a sequence of dates holds dates."""
    start, stop, step = node.args['start'], node.args['end'], node.args.get('step')
    if is_a(start, {exp.DType.DATE}):
        step = step or exp.Interval(this=exp.convert('1'), unit=exp.var('DAY'))
        return cast(call('generate_series', start, stop, step), 'DATE[]')
    if step is None and is_a(start, INTEGERS):
        down = exp.GT(this=group(start.copy()), expression=group(stop.copy()))
        step = either(down, exp.convert(-1), exp.convert(1))
    return call('generate_series', *(part for part in (start, stop, step) if part is not None))
