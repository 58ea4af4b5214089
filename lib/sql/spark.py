"""Spark SQL 3.5 that gives the rows Athena gives."""

from __future__ import annotations

import parameters
from sqlglot import exp
from sqlglot.errors import ErrorLevel

# What Trino's trim takes away: Java's Character.isWhitespace. Spark's own takes away spaces only.
WHITESPACE = (
    ''.join(
        chr(code)
        for code in (*range(0x09, 0x0E), *range(0x1C, 0x21), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B))
    )
    + '\u2028\u2029\u205f\u3000'
)


def to_spark(typed: exp.Query) -> str:
    """Translates a query whose expressions have types. Raises what has no equal in Spark."""
    tree = typed.copy()
    parameters.take_types(tree)
    for trim in tree.find_all(exp.Trim):
        if not trim.expression:
            trim.set('expression', exp.Literal.string(WHITESPACE))
            trim.set('position', trim.args.get('position') or 'BOTH')
    return tree.sql('spark', pretty=True, comments=False, unsupported_level=ErrorLevel.RAISE)
