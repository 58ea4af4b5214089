"""Types sqlglot does not infer the way Trino does: decimal literals and decimal arithmetic, sums, counts, averages."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.trino import Trino

from .types import INTEGERS, NUMBERS

_INTEGER_DIGITS = {exp.DType.TINYINT: 3, exp.DType.SMALLINT: 5, exp.DType.INT: 10, exp.DType.BIGINT: 19}
_RANK = [exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT]


def _decimal(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f'DECIMAL({min(38, precision)}, {scale})')


def _size(node: exp.Expr) -> tuple[int, int] | None:
    """Precision and scale of an exact number."""
    kind = node.type
    if kind is None:
        return None
    if kind.this in _INTEGER_DIGITS:
        return _INTEGER_DIGITS[kind.this], 0
    if kind.this == exp.DType.DECIMAL and kind.expressions:
        precision, scale = (int(p.name) for p in kind.expressions)
        return precision, scale
    return None


def _literal(annotator: Any, node: exp.Literal) -> exp.Literal:
    text = node.this
    if node.is_string or 'e' in text.lower() or '.' not in text:
        annotator._annotate_literal(node)
        if not node.is_string and '.' not in text and 'e' not in text.lower() and abs(int(text)) > 2147483647:
            annotator._set_type(node, exp.DType.BIGINT)
        return node
    whole, _, fraction = text.partition('.')
    annotator._set_type(node, _decimal(max(len(whole.lstrip('0')) + len(fraction), 1), len(fraction)))
    return node


def _arithmetic(annotator: Any, node: exp.Binary) -> exp.Binary:
    left, right = _size(node.this), _size(node.expression)
    kinds = {side.type.this for side in (node.this, node.expression) if side.type is not None}
    if left is None or right is None or not kinds <= NUMBERS:
        if isinstance(node, exp.Div):
            annotator._annotate_div(node)
        else:
            annotator._annotate_binary(node)
        return node
    if kinds <= INTEGERS:
        annotator._set_type(node, max(kinds, key=_RANK.index))
        return node
    (p1, s1), (p2, s2) = left, right
    if isinstance(node, exp.Mul):
        kind = _decimal(p1 + p2, s1 + s2)
    elif isinstance(node, exp.Div):
        kind = _decimal(p1 + s2 + max(0, s2 - s1), max(s1, s2))
    elif isinstance(node, exp.Mod):
        kind = _decimal(min(p1 - s1, p2 - s2) + max(s1, s2), max(s1, s2))
    else:
        kind = _decimal(max(p1 - s1, p2 - s2) + max(s1, s2) + 1, max(s1, s2))
    annotator._set_type(node, kind)
    return node


def _sum(annotator: Any, node: exp.Sum) -> exp.Sum:
    kind = node.this.type
    size = _size(node.this)
    if kind is not None and kind.this in INTEGERS:
        annotator._set_type(node, exp.DType.BIGINT)
    elif kind is not None and kind.this == exp.DType.DECIMAL and size is not None:
        annotator._set_type(node, _decimal(38, size[1]))
    else:
        annotator._set_type(node, kind)
    return node


def _avg(annotator: Any, node: exp.Avg) -> exp.Avg:
    kind = node.this.type
    keeps = kind is not None and kind.this in (exp.DType.DECIMAL, exp.DType.FLOAT)
    annotator._set_type(node, kind if keeps else exp.DType.DOUBLE)
    return node


METADATA: dict[Any, Any] = {
    **Trino.EXPRESSION_METADATA,
    exp.Literal: {'annotator': _literal},
    **{kind: {'annotator': _arithmetic} for kind in (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)},
    exp.Sum: {'annotator': _sum},
    exp.Avg: {'annotator': _avg},
    exp.CountIf: {'returns': exp.DType.BIGINT},
    exp.JSONExtractScalar: {'returns': exp.DType.VARCHAR},
    exp.RegexpExtract: {'returns': exp.DType.VARCHAR},
    exp.RegexpReplace: {'returns': exp.DType.VARCHAR},
    exp.SplitPart: {'returns': exp.DType.VARCHAR},
}
