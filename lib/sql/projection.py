"""The declared columns of a query, by name: which are missing, and a query that gives them in their order.

A last SELECT may name its columns in any order and take them from a star: `features.*`. Columns that only a star brings
and nobody declared are left out.
"""

from __future__ import annotations

from problems import Problem, line_of
from sqlglot import exp

RULE = 'declared-columns'


def check(tree: exp.Query, typed: exp.Query, wants: list[str] | None, needs: list[str], file: str) -> list[Problem]:
    """What is wrong with the names. `tree` is the query as it is written, `typed` the same with its stars written out.

    `wants` are the declared columns, or None where any will do but for those it `needs`.
    """
    parts = branches(typed)
    has = parts[0].named_selects
    uneven = next((part for part in parts if len(part.selects) != len(has)), None)
    if uneven:
        what = f'one SELECT of the union gives {len(has)} columns, another {len(uneven.selects)}'
        return [Problem(file, line_of(uneven), RULE, what, 'give the same columns in each')]
    written = [column for column in branches(tree)[0].selects if not column.is_star]
    problems = [
        Problem(file, line_of(column), RULE, f'{column.sql("athena")} has no name', 'write … AS name')
        for column in written
        if not isinstance(column, (exp.Alias, exp.Column))
    ]
    if problems:
        return problems
    if wants is None:
        declared, extra = needs, []
    else:
        declared, extra = wants, [column.alias_or_name for column in written if column.alias_or_name not in wants]
    missing = [name for name in declared if name not in has]
    twice = [name for name in dict.fromkeys(has) if has.count(name) > 1 and (wants is None or name in wants)]
    found = {'missing': missing, 'not declared': extra, 'twice': twice}
    if not any(found.values()):
        return []
    listed = '; '.join(f'{title}: {", ".join(names)}' for title, names in found.items() if names)
    what = f'the last SELECT gives other columns than declared ({listed})'
    return [Problem(file, line_of(typed), RULE, what, 'select each declared column once')]


def project(tree: exp.Query, wants: list[str]) -> exp.Query:
    """The query with these columns in this order; its WITH stays in front. Changes the tree it is given."""
    leading = tree.args.get('with_')
    tree.set('with_', None)
    columns = [exp.column(name, table='projected') for name in wants]
    outer = exp.select(*columns).from_(
        exp.Subquery(this=tree, alias=exp.TableAlias(this=exp.to_identifier('projected')))
    )
    outer.set('with_', leading)
    return outer


def branches(tree: exp.Expr) -> list[exp.Select]:
    """The SELECTs whose rows are the query's: one, or those of a union."""
    tree = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    if isinstance(tree, exp.SetOperation):
        return [*branches(tree.left), *branches(tree.right)]
    return [tree] if isinstance(tree, exp.Select) else []
