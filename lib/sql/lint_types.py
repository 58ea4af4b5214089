"""Rules of the portable subset that need the types of expressions. They run on the qualified query.

| rule | refuses |
|---|---|
| date-arithmetic | a shifted or truncated date that is not cast to a date again; date_diff but of dates by days |
| round-before-integer | a double cast to an integer unrounded: some engines cut, some round |
| number-to-text | a double as text: every engine prints it its own way |
| try-cast | try_cast of anything but text to double or date |
| declared-columns | a last SELECT whose types are not those declared; its names are checked in `projection.py` |
"""

from __future__ import annotations

from collections.abc import Iterator

import projection
from problems import Problem, line_of
from sqlglot import exp

INTEGERS = {exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT}
FLOATS = {exp.DType.DOUBLE, exp.DType.FLOAT, exp.DType.DECIMAL}
TEXTS = {exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR}
TIMES = {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME}
NAMES = {
    exp.DType.VARCHAR: 'varchar',
    exp.DType.TEXT: 'varchar',
    exp.DType.BIGINT: 'bigint',
    exp.DType.INT: 'integer',
    exp.DType.DOUBLE: 'double',
    exp.DType.BOOLEAN: 'boolean',
    exp.DType.DATE: 'date',
    exp.DType.TIMESTAMP: 'timestamp',
}
_CUT = (exp.Round, exp.Floor, exp.Ceil)


def check(tree: exp.Query, output: dict[str, str | None], generated: set[str], file: str) -> list[Problem]:
    """Everything wrong with the types of a qualified and annotated query, but for its `generated` leading CTEs."""
    found = [
        Problem(file, line_of(node), rule, what, instead)
        for node in tree.walk(prune=lambda node: isinstance(node, exp.CTE) and node.alias in generated)
        for rule, what, instead in _node_problems(node)
    ]
    found += _output_problems(tree, output, file)
    return list(dict.fromkeys(found))


def _node_problems(node: exp.Expr) -> Iterator[tuple[str, str, str]]:
    if isinstance(node, (exp.DateAdd, exp.DateTrunc, exp.TimestampTrunc, exp.Add, exp.Sub)):
        yield from _shifted_date(node)
    elif isinstance(node, exp.DateDiff):
        yield from _date_diff(node)
    elif isinstance(node, exp.TryCast):
        to, of = node.to.this, _kind(node.this)
        if to not in (exp.DType.DOUBLE, exp.DType.DATE) or of not in TEXTS:
            what = f'TRY_CAST({_text(node.this)} AS {_name(node.to)}) differs'
            yield 'try-cast', what, 'use TRY_CAST from text to double or date only'
    elif isinstance(node, exp.Cast):
        yield from _cast(node)
    elif isinstance(node, (exp.DPipe, exp.Concat)):
        for part in node.flatten() if isinstance(node, exp.DPipe) else node.expressions:
            if _kind(part) in FLOATS:
                yield 'number-to-text', f'{_text(part)} is a double', 'keep numbers in columns of their own'


def _shifted_date(node: exp.Expr) -> Iterator[tuple[str, str, str]]:
    if isinstance(node, (exp.Add, exp.Sub)):
        if not isinstance(node.expression, exp.Interval) or _kind(node.this) in TIMES:
            return
    elif isinstance(node, exp.DateAdd) and _unit(node) in ('HOUR', 'MINUTE', 'SECOND', 'MILLISECOND'):
        unit = _unit(node)
        yield 'date-arithmetic', f'date_add by {unit.lower()} differs', f"write t + INTERVAL '1' {unit}"
        return
    elif _kind(node.this) in TIMES:
        return
    around = node.parent
    if not (isinstance(around, exp.Cast) and around.to.this == exp.DType.DATE and not isinstance(around, exp.TryCast)):
        what = f'{_text(node)} is a date here and a timestamp there'
        yield 'date-arithmetic', what, f'write CAST({_text(node)} AS date)'


def _date_diff(node: exp.DateDiff) -> Iterator[tuple[str, str, str]]:
    if _unit(node) != 'DAY':
        what = f'date_diff by {_unit(node).lower()} counts differently'
        yield 'date-arithmetic', what, "use date_diff('day', …) of two dates"
    for side in (node.this, node.expression):
        if _kind(side) != exp.DType.DATE:
            what = f'{_text(side)} in date_diff is no date but {_name(side.type)}'
            yield 'date-arithmetic', what, f'write CAST({_text(side)} AS date)'


def _cast(node: exp.Cast) -> Iterator[tuple[str, str, str]]:
    to, of = node.to.this, _kind(node.this)
    if to in INTEGERS and of in FLOATS and not isinstance(node.this.unnest(), _CUT):
        what = f'{_text(node.this)} is a double: casting it to {_name(node.to)} cuts here and rounds there'
        yield 'round-before-integer', what, f'write CAST(ROUND({_text(node.this)}) AS {_name(node.to)})'
    if to in TEXTS and of in FLOATS:
        yield 'number-to-text', f'{_text(node.this)} is a double', 'keep numbers in columns of their own'


def _output_problems(tree: exp.Query, output: dict[str, str | None], file: str) -> list[Problem]:
    """Types of the declared columns, wherever they stand. The names are right: `projection` has looked at them."""
    problems = []
    parts = projection.branches(tree)
    for part in parts:
        for name, column in zip(parts[0].named_selects, part.selects, strict=True):
            if name not in output:
                continue
            kind, value = output[name], column.unalias()
            got = _name(value.type)
            sure = isinstance(value, (exp.Column, exp.Cast)) and got in NAMES.values()
            if not sure or (kind and got != kind):
                what = f'{name} is {got if sure else "of no certain type"}, declared {kind or "with any type"}'
                instead = f'write CAST({_text(value)} AS {kind or got})'
                problems.append(Problem(file, line_of(column), projection.RULE, what, instead))
    return problems


def _kind(node: exp.Expr) -> exp.DType | None:
    part_of_text = isinstance(node, exp.Bracket) and isinstance(node.this, exp.Split)
    if part_of_text or isinstance(node, (exp.Replace, exp.RegexpReplace)):
        return exp.DType.VARCHAR  # sqlglot leaves these without a type
    return node.type.this if node.type else None


def _name(kind: exp.DataType | None) -> str:
    return NAMES.get(kind.this, kind.sql('athena').lower()) if kind else 'unknown'


def _unit(node: exp.Expr) -> str:
    return node.text('unit').upper()


def _text(node: exp.Expr) -> str:
    """Short enough for a message, with the parameter as its author wrote it."""
    text = node.sql('athena').replace('CAST(:run_date AS DATE)', ':run_date')
    return text if len(text) <= 80 else f'{text[:77]}…'
