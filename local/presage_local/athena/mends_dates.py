"""Dates: a date stays a date, units that have passed are counted, not boundaries."""

from __future__ import annotations

from sqlglot import exp

from .errors import unsupported
from .rewrite import call, cast, is_a, mends


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
