"""Which columns a query can name where: checked before its types are computed, so that a typo gets a suggestion."""

from __future__ import annotations

from problems import Problem, line_of, suggestion
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

Physical = dict[str, dict[str, str]]


def unknown_columns(tree: exp.Query, physical: Physical, file: str) -> list[Problem]:
    """Columns that no relation in reach has, or that several have."""
    problems = []
    for scope in traverse_scope(tree):
        reach = columns_in_reach(scope, physical)
        for column in scope.columns:
            elsewhere = column.parent_select is not scope.expression  # a subquery's: seen to in its own scope
            if elsewhere or isinstance(column.this, exp.Star) or is_own_alias(column, scope):
                continue
            found = [table for table, columns in reach.items() if column.name in columns]
            if column.table and column.table not in reach:
                what = f'{column.sql()}: no relation here is called {column.table}'
                instead = suggestion(column.table, reach)
            elif column.table and column.table not in found:
                what, instead = (
                    f'{column.table} has no column {column.name}',
                    suggestion(column.name, reach[column.table]),
                )
            elif not found:
                what = f'{column.name} is no column here'
                instead = suggestion(column.name, set().union(*reach.values()))
            elif not column.table and len(found) > 1 and not joined_using(scope, column.name):
                what = f'{column.name} is in {" and ".join(sorted(found))}'
                instead = f'write {found[0]}.{column.name}'
            else:
                continue
            problems.append(Problem(file, line_of(column), 'unknown-column', what, instead))
    return list(dict.fromkeys(problems))


def columns_in_reach(scope: Scope, physical: Physical) -> dict[str, set[str]]:
    """Relation → its columns, those of the enclosing query too where a subquery may look outside."""
    outside = scope.parent if scope.is_subquery or scope.is_udtf else None
    reach = columns_in_reach(outside, physical) if outside else {}
    for name, (_, source) in scope.selected_sources.items():
        reach[name] = columns_of(source, physical)
    return reach


def columns_of(source: exp.Table | Scope, physical: Physical) -> set[str]:
    """What a relation gives; stars are followed down."""
    if not isinstance(source, Scope):
        return set(physical.get(source.name, ()))
    if source.is_udtf:
        alias, ordinal = source.expression.args.get('alias'), source.expression.args.get('offset')
        given = [*(alias.columns if alias else []), *([ordinal] if isinstance(ordinal, exp.Identifier) else [])]
        return {column.name for column in given}
    if source.set_operation_scopes:
        return columns_of(source.set_operation_scopes[0], physical)
    columns: set[str] = set()
    selects = source.expression.selects if isinstance(source.expression, exp.Query) else []
    for column in selects:
        if not column.is_star:
            columns.add(column.alias_or_name)
            continue
        of = column.table if isinstance(column, exp.Column) else None
        for name, (_, inner) in source.selected_sources.items():
            if of in (None, name):
                columns |= columns_of(inner, physical)
    return columns


def is_own_alias(column: exp.Column, scope: Scope) -> bool:
    """ORDER BY may name what the SELECT gives."""
    order = column.find_ancestor(exp.Order, exp.Select)
    named = isinstance(order, exp.Order) and not isinstance(order.parent, exp.Window)
    query = scope.expression
    return named and not column.table and isinstance(query, exp.Query) and column.name in query.named_selects


def joined_using(scope: Scope, name: str) -> bool:
    """Whether USING makes one column of several."""
    joins = scope.expression.args.get('joins') or []
    return any(name == column.name for join in joins for column in join.args.get('using') or [])
