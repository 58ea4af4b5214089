"""Functions and clauses: which are the same on every engine, which are known to differ, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

RANKINGS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)

# Measured to be the same by the golden test, or the same by definition. A function that is in neither list is refused:
# add it here together with a case of the golden test.
PORTABLE = (
    *(exp.And, exp.Or, exp.Xor, exp.Not, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Cast, exp.TryCast),
    *(exp.Sum, exp.Count, exp.Min, exp.Max, exp.Avg, exp.CountIf, *RANKINGS),
    *(exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Sign, exp.Sqrt, exp.Exp, exp.Ln, exp.Pow, exp.Greatest, exp.Least),
    *(exp.Year, exp.Month, exp.Day, exp.DayOfMonth, exp.Extract, exp.DateDiff, exp.DateAdd, exp.DateTrunc),
    *(exp.TimestampTrunc, exp.Date, exp.DateStrToDate, exp.Exists, exp.Unnest),
    *(exp.Trim, exp.Lower, exp.Upper, exp.Length, exp.Substring, exp.Replace, exp.Concat, exp.StartsWith),
    *(exp.RegexpLike, exp.Split, exp.ArrayContains, exp.ArraySize, exp.JSONExtractScalar, exp.JSONPath),
)

# Class of the parsed function, or its name where the parser knows none → what to write instead.
DIFFERENT: dict[type[exp.Expr] | str, str] = {
    exp.ApproxQuantile: 'compute an exact rank with row_number',
    exp.ApproxDistinct: 'write COUNT(DISTINCT x)',
    exp.AnyValue: 'write MIN(x) or MAX(x)',
    exp.ArraySlice: 'write element_at for the elements wanted',
    exp.Skewness: 'compute it of sums',
    exp.GroupConcat: 'keep one row per value',
    exp.Try: 'write NULLIF or TRY_CAST where the failure is',
    'map_agg': 'keep one row per key',
    'multimap_agg': 'keep one row per key',
    'histogram': 'write GROUP BY and COUNT(*)',
    'listagg': 'keep one row per value',
    'format_datetime': 'write year(d), month(d), day(d)',
    'skewness': 'compute it of sums',
    'map_union': 'keep one row per key',
    'grouping': 'write one GROUP BY for each grouping, with UNION ALL',
}

WALL_CLOCK = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentUser, exp.Rand, exp.Uuid)
WALL_CLOCK_NAMES = {'now', 'localtime', 'localtimestamp', 'random', 'rand', 'uuid', 'shuffle'}
DAYS_OF_WEEK = (exp.DayOfWeek, exp.DayOfWeekIso, exp.Dayname)
DAY_PARTS = {'DOW', 'DAY_OF_WEEK', 'DAYOFWEEK', 'DOW_ISO', 'ISODOW', 'WEEKDAY'}
EXTRACTED = {'YEAR', 'MONTH', 'DAY'}
JSON = (exp.JSONExtract, exp.ParseJSON, exp.JSONFormat, exp.JSONArrayContains, exp.JSONExtractArray)

Finding = tuple[str, str, str]


def refuse(node: exp.Expr) -> Iterator[Finding]:
    """What is wrong with one function or clause, whatever its arguments' types."""
    name = called(node)
    if isinstance(node, DAYS_OF_WEEK) or name in ('day_of_week', 'dow') or _extracts(node, DAY_PARTS):
        instead = "write MOD(DATE_DIFF('day', DATE '1900-01-07', d), 7) + 1, Sunday = 1"
        yield 'day-of-week', 'the engines number the days of the week differently', instead
    elif isinstance(node, exp.Extract) and not _extracts(node, EXTRACTED):
        yield 'not-portable', f'EXTRACT({node.name} …) differs', 'extract year, month or day only'
    elif isinstance(node, exp.SplitPart) or name == 'split_part':
        yield (
            'split-part',
            'split_part differs where there is no such part',
            'write element_at(split(text, separator), n)',
        )
    elif isinstance(node, JSON) or (name or '').startswith(('json_array', 'json_object', 'json_parse', 'json_format')):
        yield 'json', f'{name} gives JSON', 'take scalar leaves with json_extract_scalar(text, path)'
    elif isinstance(node, WALL_CLOCK) or name in WALL_CLOCK_NAMES:
        yield 'wall-clock', f'{name} gives something else each time', 'write :run_date, or nothing'
    elif isinstance(node, exp.If) and not node.args.get('false') and not isinstance(node.parent, exp.Case):
        yield 'not-portable', 'if(c, x) without an else differs', 'write CASE WHEN c THEN x END'
    elif isinstance(node, exp.Round) and node.args.get('decimals'):
        yield 'not-portable', 'round(x, digits) rounds doubles differently', 'round to whole numbers, or not at all'
    elif type(node) in DIFFERENT or name in DIFFERENT:
        instead = DIFFERENT.get(type(node)) or DIFFERENT[name or '']
        yield 'not-portable', f'{name} differs between the engines', instead
    elif name and not isinstance(node, PORTABLE):
        instead = 'write it with functions of PORTABLE in lib/sql/portable.py, or add it there with a golden case'
        yield 'not-portable', f'{name} is not known to be the same on every engine', instead
    yield from _clauses(node)


def _clauses(node: exp.Expr) -> Iterator[Finding]:
    if isinstance(node, exp.Unnest) and node.args.get('offset'):
        yield 'not-portable', 'WITH ORDINALITY differs', 'number the rows with row_number'
    if isinstance(node, exp.With) and node.args.get('recursive'):
        yield 'not-portable', 'WITH RECURSIVE is not known everywhere', 'write the steps out'
    if isinstance(node, (exp.TableSample, exp.Pivot, exp.MatchRecognize)):
        yield 'not-portable', f'{type(node).__name__} differs', 'write WHERE, GROUP BY and CASE'
    if isinstance(node, exp.Limit) and not (isinstance(node.parent, exp.Query) and node.parent.args.get('order')):
        yield 'row-number-order', 'LIMIT without an order takes any rows', 'write an ORDER BY that no two rows share'
    if isinstance(node, exp.Like) and '\\' in node.expression.name:
        yield 'not-portable', 'a backslash in LIKE escapes in Spark only', 'write it without a backslash'
    if isinstance(node, exp.Select) and (node.args.get('qualify') or node.args.get('laterals')):
        yield 'not-portable', 'QUALIFY and LATERAL are not known everywhere', 'write a subquery'


def called(node: exp.Expr) -> str | None:
    """The name of a function as its author wrote it, near enough; None for what is no function."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.ParameterizedAgg):
        return str(node.this).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else None


def _extracts(node: exp.Expr, parts: set[str]) -> bool:
    return isinstance(node, exp.Extract) and node.name.upper() in parts
