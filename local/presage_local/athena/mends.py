"""Where DuckDB computes something else than Trino: one function a difference, applied to the typed syntax tree.

sqlglot translates the spelling; these keep the meaning. Each takes a node whose children are mended already and gives
the node that replaces it. Checked against the Trino documentation of engine version 3 and by tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from .errors import MARK_CLOSE, MARK_OPEN, unsupported
from .types import FLOATS, INTEGERS, NUMBERS, TEXTS, TIMESTAMPS, ZONED, duckdb_type

Mend = Callable[[exp.Expr], exp.Expr | None]
_MENDS: dict[type[exp.Expr], Mend] = {}

_INTEGER = r'[+-]?[0-9]+'
_NUMBER = r'\s*[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)\s*'
_DECIMAL = r'\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*'
_DATE = r'\s*[+-]?[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}\s*'
_TIMESTAMP = (
    r'\s*[+-]?[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?'
    r'( (UTC|Z|[+-][0-9]{1,2}:[0-9]{2}))?\s*'
)
_BOOLEAN = r'(?i)t|true|1|f|false|0'


def mends(*kinds: type[exp.Expr]) -> Callable[[Mend], Mend]:
    """Register a mend for kinds of nodes."""

    def register(function: Mend) -> Mend:
        for kind in kinds:
            _MENDS[kind] = function
        return function

    return register


def mend(tree: exp.Expr) -> exp.Expr:
    """Mend a qualified and typed tree, children first."""
    root = tree
    for node in reversed(list(tree.walk())):
        function = _MENDS.get(type(node))
        replacement = function(node) if function is not None else None
        if replacement is None or replacement is node:
            continue
        replacement.type = node.type
        if node is root:
            root = replacement
        else:
            node.replace(replacement)
    return root


# --- helpers


def is_a(node: exp.Expr | None, kinds: set[exp.DType]) -> bool:
    """Whether a node's inferred type is one of `kinds`."""
    return node is not None and node.type is not None and node.type.this in kinds


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Anonymous:
    """A DuckDB function by name; plain Python values become literals."""
    return exp.Anonymous(this=name, expressions=[exp.convert(a) if isinstance(a, (str, int)) else a for a in arguments])


def fail(name: str, message: exp.Expr | str, kind: str = 'INTEGER') -> exp.Expr:
    """An expression of DuckDB type `kind` that fails the query with an Athena-shaped reason when it is evaluated."""
    text = exp.convert(message) if isinstance(message, str) else message
    marked = exp.DPipe(
        this=exp.DPipe(this=exp.convert(f'{MARK_OPEN}{name}: '), expression=text), expression=exp.convert(MARK_CLOSE)
    )
    if kind == 'VARCHAR':
        return cast(cast(marked, 'INTEGER'), 'VARCHAR')
    return cast(marked, kind)


def cast(node: exp.Expr, kind: str, safe: bool = False) -> exp.Expr:
    """A cast to a DuckDB type, left alone by the other mends."""
    return (exp.TryCast if safe else exp.Cast)(this=node, to=exp.DataType.build(kind, dialect='duckdb'))


def either(condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Case:
    """CASE WHEN condition THEN then ELSE otherwise END."""
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=otherwise)


def group(node: exp.Expr) -> exp.Expr:
    """The node in parentheses where it needs them."""
    return exp.Paren(this=node) if isinstance(node, (exp.Binary, exp.Unary, exp.Case, exp.Between, exp.In)) else node


def is_zero(node: exp.Expr) -> exp.Expr:
    """node = 0"""
    return exp.EQ(this=group(node.copy()), expression=exp.convert(0))


def is_null(node: exp.Expr) -> exp.Expr:
    """node IS NULL"""
    return exp.Is(this=group(node.copy()), expression=exp.null())


# --- arithmetic


def _exact(node: exp.Binary) -> bool:
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


# --- casts


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
    kind = target.this
    shapes = {exp.DType.DECIMAL: _DECIMAL, exp.DType.DATE: _DATE, exp.DType.BOOLEAN: _BOOLEAN}
    if kind in INTEGERS:
        shape = _INTEGER
    elif kind in FLOATS:
        shape = _NUMBER
    elif kind in TIMESTAMPS | ZONED:
        shape = _TIMESTAMP
    elif kind in shapes:
        shape = shapes[kind]
    else:
        return None
    spelled = target.sql('duckdb')
    value: exp.Expr = cast(source.copy(), spelled, safe)
    if kind in TIMESTAMPS:
        value = call('athena_millis', value)
    if isinstance(source, exp.Literal):
        return _checked_literal(source, shape, value, spelled, target, safe)
    matches = call('regexp_full_match', source.copy(), shape)
    if safe:
        return either(matches, value)
    name = target.sql('trino').lower()
    message = exp.DPipe(
        this=exp.DPipe(this=exp.convert("Cannot cast '"), expression=source.copy()),
        expression=exp.convert(f"' to {name}"),
    )
    refusal = fail('INVALID_CAST_ARGUMENT', message, spelled)
    return exp.Case(
        ifs=[exp.If(this=is_null(source), true=exp.null()), exp.If(this=matches, true=value)], default=refusal
    )


def _checked_literal(
    source: exp.Literal, shape: str, value: exp.Expr, spelled: str, target: exp.DataType, safe: bool
) -> exp.Expr:
    # Literals such as DATE '2020-01-01' are constant: looked at once, here.
    if re.fullmatch(shape, source.this):
        return value
    if safe:
        return cast(exp.null(), spelled)
    message = f"Cannot cast '{source.this}' to {target.sql('trino').lower()}"
    return fail('INVALID_CAST_ARGUMENT', message, spelled)


# --- dates


def _dated(node: exp.Expr, kind: exp.Expr) -> exp.Expr | None:
    return cast(node.copy(), 'DATE') if is_a(kind, {exp.DType.DATE}) else None


@mends(exp.DateAdd, exp.DateSub, exp.TsOrDsAdd, exp.DateTrunc, exp.TimestampTrunc)
def date_stays(node: exp.Expr) -> exp.Expr | None:
    """date_add and date_trunc of a date are dates; DuckDB makes timestamps of them."""
    return _dated(node, node.this)


@mends(exp.Add, exp.Sub)
def interval_stays(node: exp.Expr) -> exp.Expr | None:
    """date ± interval is a date; date - date is an interval in Trino and a number in DuckDB: refused."""
    interval = isinstance(node.expression.unnest(), exp.Interval)
    if interval:
        return _dated(node, node.this)
    if isinstance(node, exp.Sub) and is_a(node.this, {exp.DType.DATE}) and is_a(node.expression, {exp.DType.DATE}):
        raise unsupported('date - date: use date_diff')
    return None


@mends(exp.DateDiff, exp.TimestampDiff)
def date_diff(node: exp.Expr) -> exp.Expr:
    """date_diff counts whole units that have passed; DuckDB's counts the boundaries between."""
    unit = str(node.text('unit') or 'day').lower()
    end, start = node.this, node.expression
    if not is_a(end, {exp.DType.DATE}) or not is_a(start, {exp.DType.DATE}):
        start, end = cast(start, 'TIMESTAMP'), cast(end, 'TIMESTAMP')
    return (
        call('athena_date_diff', unit, start, end)
        if unit in ('month', 'quarter', 'year')
        else call('date_sub', unit, start, end)
    )


@mends(exp.UnixToTime)
def from_unixtime(node: exp.Expr) -> exp.Expr:
    """from_unixtime gives a timestamp in the session's zone, to the millisecond."""
    return call('to_timestamp', cast(node.this, 'DOUBLE'))


# --- arrays, maps, JSON, text


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


# --- aggregates


@mends(exp.ArgMax, exp.ArgMin)
def arg_extreme(node: exp.Expr) -> exp.Expr | None:
    """max_by gives the row's value even if that is null; DuckDB skips such rows."""
    if node.args.get('count'):
        raise unsupported('max_by and min_by of several rows')
    name = 'arg_max_null' if isinstance(node, exp.ArgMax) else 'arg_min_null'
    return call(name, node.this, node.expression)
