"""The portable subset of SQL: what Athena (Trino), Spark 3.5 and DuckDB answer alike. This file reads the query alone;
rules that need types are in `lint_types.py`.

| rule | refuses |
|---|---|
| one-query | anything but one SELECT |
| ratio | a division that is not `CAST(a AS double) / NULLIF(b, 0)`: integers are divided differently |
| decimal | decimal types and literals: scales differ |
| day-of-week | the engines' own numbers of the days of the week |
| null-in-greatest | a possible null in greatest or least: null for Trino, left out by the others |
| split-part | split_part: an index out of range is an empty string here and an error there |
| json | anything but scalar leaves |
| not-portable | functions that differ, or that are not known to be the same |
| wall-clock | what depends on when or by whom it is run: a run depends on its run date only |
| nulls-order | an ORDER BY that leaves the place of nulls to the engine |
| row-number-order | a ranking without an order |
| coalesced-key | a second full outer join that does not go by the key found so far |
"""

from __future__ import annotations

from collections.abc import Iterator

import portable
from problems import Problem, line_of
from sqlglot import exp, parse
from sqlglot.dialects.athena import Athena
from sqlglot.tokens import Token, TokenType

_BUT = 'the engines differ'
_ORDER_ENDS = {TokenType.ROWS, TokenType.RANGE, TokenType.LIMIT, TokenType.OFFSET, TokenType.FETCH, TokenType.SEMICOLON}


def parse_query(sql: str, file: str) -> exp.Query | Problem:
    """The one query of a file. Raises sqlglot's ParseError."""
    statements = [statement for statement in parse(sql, read='athena') if statement]
    if len(statements) == 1 and isinstance(statements[0], exp.Query):
        return statements[0]
    return Problem(file, 1, 'one-query', 'a file holds one query and nothing else', 'write one SELECT')


def check(tree: exp.Query, sql: str, file: str) -> list[Problem]:
    """Everything in a parsed query that is outside the subset."""
    found = []
    for node in tree.walk():
        for rule, what, instead in _node_problems(node):
            found.append(Problem(file, line_of(node), rule, what, instead))
    found += _orders_without_nulls(sql, file)
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.line or 0, problem.rule))


def _node_problems(node: exp.Expr) -> Iterator[tuple[str, str, str]]:
    if isinstance(node, (exp.Div, exp.IntDiv)):
        yield from _ratio(node)
    if isinstance(node, exp.Literal) and not node.is_string and '.' in node.this and 'e' not in node.this.lower():
        yield 'decimal', f'{node.this} is a decimal number', f'write {node.this}E0'
    if isinstance(node, exp.DataType) and node.this == exp.DType.DECIMAL:
        yield 'decimal', f'{node.sql("athena")} is a decimal type', 'use double or bigint'
    if isinstance(node, exp.Cast) and node.to.this == exp.DType.JSON:
        yield 'json', 'JSON values are not portable', 'take scalar leaves with json_extract_scalar(text, path)'
    if isinstance(node, (exp.Greatest, exp.Least)):
        for argument in [node.this, *node.expressions]:
            if not _never_null(argument):
                what = f'{argument.sql("athena")} can be null in {node.sql_name().lower()}, and {_BUT} then'
                yield 'null-in-greatest', what, f'write COALESCE({argument.sql("athena")}, …)'
    if isinstance(node, exp.Join):
        yield from _full_join(node)
    if isinstance(node, portable.RANKINGS):
        window = node.find_ancestor(exp.Window)
        if not window or not window.args.get('order'):
            name = node.sql_name().lower()
            yield 'row-number-order', f'{name} has no order', 'write an ORDER BY that no two rows share'
    yield from portable.refuse(node)


def _ratio(node: exp.Div | exp.IntDiv) -> Iterator[tuple[str, str, str]]:
    left, right = node.left.unnest(), node.right.unnest()
    double = isinstance(left, exp.Cast) and left.to.this == exp.DType.DOUBLE
    safe = isinstance(right, exp.Nullif) and isinstance(right.expression, exp.Literal) and _is_zero(right.expression)
    constant = isinstance(right, exp.Literal) and not right.is_string and not _is_zero(right)
    if not (double and (safe or constant) and isinstance(node, exp.Div)):
        a, b = (left.this if isinstance(left, exp.Cast) else left), (right.this if safe else right)
        instead = f'write CAST({a.sql("athena")} AS double) / NULLIF({b.sql("athena")}, 0)'
        yield 'ratio', f'{node.sql("athena")} divides as the engine likes', instead


def _is_zero(literal: exp.Literal) -> bool:
    return not literal.is_string and float(literal.this) == 0


def _never_null(node: exp.Expr) -> bool:
    node = node.unnest()
    if isinstance(node, (exp.Literal, exp.Placeholder)):
        return True
    if isinstance(node, (exp.Cast, exp.Neg)) and not isinstance(node, exp.TryCast):
        return _never_null(node.this)
    if isinstance(node, exp.Coalesce):
        return _never_null(node.expressions[-1]) if node.expressions else _never_null(node.this)
    if isinstance(node, (exp.Greatest, exp.Least)):
        return True  # its own arguments are looked at by themselves
    return isinstance(node, exp.Count)


def _full_join(join: exp.Join) -> Iterator[tuple[str, str, str]]:
    select = join.parent
    if not isinstance(select, exp.Select):
        return
    joins = select.args.get('joins') or []
    before = joins[: next((i for i, other in enumerate(joins) if other is join), 0)]
    if join.side != 'FULL' or not any(other.side == 'FULL' for other in before):
        return
    first = select.args['from_'].this.alias_or_name
    earlier = {first, *(other.this.alias_or_name for other in before)}
    own = join.this.alias_or_name
    on = join.args.get('on')
    for condition in on.flatten() if isinstance(on, exp.And) else [on] if on else []:
        sides = [condition.left, condition.right] if isinstance(condition, exp.EQ) else []
        other = [side for side in sides if {column.table for column in side.find_all(exp.Column)} != {own}]
        tables = {column.table for side in other for column in side.find_all(exp.Column)}
        if len(other) == 1 and isinstance(other[0].unnest(), exp.Coalesce) and tables == earlier:
            continue
        what = f"{condition.sql('athena')} joins {own} by one neighbour's key: a row missing there comes out twice"
        yield 'coalesced-key', what, f'write COALESCE(…) of the key in {", ".join(sorted(earlier))}'
    if not on:
        yield 'coalesced-key', f'{own} is joined USING', 'write ON with COALESCE(…) of the keys found so far'


def _orders_without_nulls(sql: str, file: str) -> list[Problem]:
    """Looks at the tokens: in the parsed query a written NULLS LAST and the dialect's default are the same."""
    tokens = Athena().tokenize(sql)
    return [
        Problem(
            file,
            token.line,
            'nulls-order',
            f'the order by {token.text} leaves the place of nulls to the engine',
            'write NULLS LAST',
        )
        for start, token in enumerate(tokens)
        if token.token_type == TokenType.ORDER_BY
        for token in _items_without_nulls(tokens, start + 1)
    ]


def _items_without_nulls(tokens: list[Token], start: int) -> Iterator[Token]:
    depth, first, previous = 0, None, None
    for token in [*tokens[start:], None]:
        kind = token.token_type if token else None
        ends = kind is None or (depth == 0 and (kind == TokenType.R_PAREN or kind in _ORDER_ENDS))
        if ends or (depth == 0 and kind == TokenType.COMMA):
            if first and previous and previous.text.upper() not in ('FIRST', 'LAST'):
                yield first
            if ends:
                return
            first = previous = None
            continue
        depth += 1 if kind == TokenType.L_PAREN else -1 if kind == TokenType.R_PAREN else 0
        first, previous = first or token, token
