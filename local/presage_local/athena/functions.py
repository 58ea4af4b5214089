"""Trino functions DuckDB has under another name or not at all: then they are macros."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
from sqlglot import exp

from .errors import MARK_CLOSE, MARK_OPEN, QueryError
from .mends_casts import macros
from .rewrite import call, cast

# Every database gets these; the translated SQL calls them.
MACROS = (
    """athena_millis(t) AS date_trunc('millisecond', t + INTERVAL 500 MICROSECOND)""",
    # Whole months: Trino counts a month as passed on the same day of the month, or on the last day if there is none.
    """athena_date_diff(unit, a, b) AS
       (CASE WHEN b >= a THEN date_sub('month', a, b) ELSE -date_sub('month', b, a) END)
       // CASE unit WHEN 'year' THEN 12 WHEN 'quarter' THEN 3 ELSE 1 END""",
    """athena_decimal_divide(a, b, s) AS
       (CAST(abs(a) AS DECIMAL(38, 10)) / abs(b)) * sign(a) * sign(b)""",
    """athena_json(t) AS CASE WHEN json_valid(t) THEN CAST(t AS JSON) END""",
    """athena_json_scalar(j, p) AS
       CASE WHEN json_type(j, p) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string(j, p) END""",
    # A double's shortest digits are those DuckDB prints, as `12345678.0`, `1.5e-05` or `0.0001`. All in SQL: with a
    # function in Python, DuckDB imports NumPy and calls row by row.
    """athena_scientific(sign, digits, point, exponent) AS
       sign || left(trim(digits, '0'), 1) || '.' || coalesce(nullif(substr(trim(digits, '0'), 2), ''), '0')
       || 'E' || (exponent + point - 1 - (length(digits) - length(ltrim(digits, '0'))))""",
    """athena_scientific_text(v, t) AS athena_scientific(CASE WHEN v < 0 THEN '-' ELSE '' END,
       replace(split_part(t, 'e', 1), '.', ''), strpos(split_part(t, 'e', 1) || '.', '.') - 1,
       coalesce(CAST(nullif(split_part(t, 'e', 2), '') AS INTEGER), 0))""",
    """athena_no_number(v) AS CASE WHEN isnan(v) THEN 'NaN' WHEN v > 0 THEN 'Infinity' ELSE '-Infinity' END""",
    # As Trino casts a double to varchar: always `d.dE±n`.
    """athena_double_text(v) AS CASE
       WHEN v IS NULL THEN NULL WHEN NOT isfinite(v) THEN athena_no_number(v)
       WHEN v = 0 THEN CAST(v AS VARCHAR) || 'E0'
       ELSE athena_scientific_text(v, CAST(abs(v) AS VARCHAR)) END""",
    # As Java prints it: so only outside of 0.001 … 10,000,000.
    """athena_java_double(v) AS CASE
       WHEN v IS NULL THEN NULL WHEN NOT isfinite(v) THEN athena_no_number(v)
       WHEN v = 0 OR abs(v) >= 1e-3 AND abs(v) < 1e7 THEN CAST(v AS VARCHAR)
       ELSE athena_scientific_text(v, CAST(abs(v) AS VARCHAR)) END""",
    """athena_to_base(n, base) AS
       CASE WHEN n < 0 THEN '-' ELSE '' END || lower(to_base(abs(n), CAST(base AS INTEGER)))""",
    """athena_digits(t) AS list_transform(string_split(ltrim(lower(t), '+-'), ''),
       lambda digit: CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', digit) - 1 AS HUGEINT))""",
    f"""athena_from_base(t, base) AS CASE
       WHEN t IS NULL OR base IS NULL THEN NULL
       WHEN regexp_full_match(lower(t), '[+-]?[0-9a-z]+') AND list_max(athena_digits(t)) < base THEN CAST(
         CASE WHEN starts_with(t, '-') THEN -1 ELSE 1 END
         * list_reduce(athena_digits(t), lambda high, low: high * base + low) AS BIGINT)
       ELSE CAST('{MARK_OPEN}INVALID_FUNCTION_ARGUMENT: Not a valid base-' || base || ' number: ' || t
         || '{MARK_CLOSE}' AS BIGINT) END""",
    *macros(),
)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a database ready for translated SQL, for all connections to it."""
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    for macro in MACROS:
        connection.execute(f'CREATE MACRO {macro}')


# Functions sqlglot keeps as plain calls: name → DuckDB's name.
_SAME = {
    'cardinality': 'len',
    'codepoint': 'ord',
    'rand': 'random',
    'random': 'random',
    'every': 'bool_and',
    'is_finite': 'isfinite',
    'is_infinite': 'isinf',
    'url_decode': 'url_decode',
    'url_encode': 'url_encode',
    'array_sort': 'list_sort',
    'array_distinct': 'list_distinct',
    'array_intersect': 'list_intersect',
    'array_max': 'list_max',
    'array_min': 'list_min',
    'array_join': 'array_to_string',
    'map_keys': 'map_keys',
    'map_values': 'map_values',
    'cbrt': 'cbrt',
    'radians': 'radians',
    'degrees': 'degrees',
    'pi': 'pi',
    'typeof': 'typeof',
    'year_of_week': 'isoyear',
    'yow': 'isoyear',
    'last_day_of_month': 'last_day',
    'regexp_split': 'string_split_regex',
    'bitwise_xor': 'xor',
    'stddev': 'stddev_samp',
    'reverse': 'reverse',
    'concat_ws': 'concat_ws',
    'kurtosis': 'kurtosis',
    'skewness': 'skewness',
    'acos': 'acos',
    'asin': 'asin',
    'atan': 'atan',
    'atan2': 'atan2',
    'cos': 'cos',
    'sin': 'sin',
    'tan': 'tan',
    'sqrt': 'sqrt',
    'exp': 'exp',
    'hamming_distance': 'hamming',
    'corr': 'corr',
    'covar_pop': 'covar_pop',
    'covar_samp': 'covar_samp',
    'regr_slope': 'regr_slope',
    'regr_intercept': 'regr_intercept',
    'ntile': 'ntile',
    'cume_dist': 'cume_dist',
    'percent_rank': 'percent_rank',
    'nth_value': 'nth_value',
    'lag': 'lag',
    'lead': 'lead',
    'rank': 'rank',
    'dense_rank': 'dense_rank',
    'row_number': 'row_number',
}


def _map_agg(key: exp.Expr, value: exp.Expr) -> exp.Expr:
    return call('map_from_entries', call('list', call('row', key, value)))


# Functions whose arguments change too.
_CHANGED: dict[str, Callable[..., exp.Expr]] = {
    'to_base': lambda number, base: call('athena_to_base', cast(number, 'BIGINT'), cast(base, 'BIGINT')),
    'map_agg': _map_agg,
    'infinity': lambda: cast(exp.convert('Infinity'), 'DOUBLE'),
    'nan': lambda: cast(exp.convert('NaN'), 'DOUBLE'),
    'e': lambda: call('exp', cast(exp.convert(1), 'DOUBLE')),
    'millisecond': lambda moment: exp.Mod(this=call('millisecond', moment), expression=exp.convert(1000)),
    'date': lambda value: cast(value, 'DATE'),
    'truncate': lambda value: call('trunc', value),
    'any_match': lambda array, test: exp.GT(
        this=call('len', call('list_filter', array, test)), expression=exp.convert(0)
    ),
    'none_match': lambda array, test: exp.EQ(
        this=call('len', call('list_filter', array, test)), expression=exp.convert(0)
    ),
    'all_match': lambda array, test: exp.EQ(
        this=call('len', call('list_filter', array.copy(), test)), expression=call('len', array)
    ),
}


def rename_functions(tree: exp.Expr) -> exp.Expr:
    """Replace the calls sqlglot did not know; what we do not know either fails as Athena fails an unknown function."""
    for node in reversed(list(tree.find_all(exp.Anonymous))):
        name = node.name.lower()
        if name in _CHANGED:
            try:
                replacement = _CHANGED[name](*node.expressions)
            except TypeError:
                raise QueryError('FUNCTION_NOT_FOUND', f'Unexpected parameters for function {name}') from None
            replacement.type = node.type
            node.replace(replacement)
        elif _SAME.get(name):
            node.set('this', _SAME[name])
        else:
            line = node.meta.get('line', 1)
            raise QueryError('FUNCTION_NOT_FOUND', f'line {line}:1: Function {name} not registered')
    return tree
