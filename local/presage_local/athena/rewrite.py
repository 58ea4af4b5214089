"""The tools of the mends: a register of node kinds, and short ways to build expressions."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sqlglot import exp

from .errors import MARK_CLOSE, MARK_OPEN

Mend = Callable[[exp.Expr], exp.Expr | None]
_MENDS: dict[type[exp.Expr], Mend] = {}


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
    return (exp.TryCast if safe else exp.Cast)(this=node, to=_type(kind).copy())


@functools.lru_cache(maxsize=64)
def _type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect='duckdb')  # parses


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
