"""What a run is given: `:run_date`, a DATE, and the pipeline's own parameters, which are texts.

They stay in the compiled texts as they are written; whoever runs a query puts literals in their places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from problems import Problem, line_of, suggestion
from sqlglot import exp

RUN_DATE = 'run_date'


def check(tree: exp.Query, parameters: Iterable[str], file: str) -> list[Problem]:
    """Parameters nobody declared, and texts that would be taken for one."""
    known = [RUN_DATE, *parameters]
    named = re.compile(rf':({"|".join(known)})\b')
    problems = []
    for placeholder in tree.find_all(exp.Placeholder):
        if placeholder.name not in known:
            what = f'{placeholder.sql()} is no parameter'
            instead = suggestion(placeholder.name, known)
            problems.append(Problem(file, line_of(placeholder), 'unknown-parameter', what, instead))
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and (found := named.search(literal.this)):
            what = f'{found[0]} would be replaced within a text too'
            problems.append(
                Problem(
                    file,
                    line_of(literal),
                    'unknown-parameter',
                    what,
                    'part the text with CONCAT',
                )
            )
    return problems


def give_types(tree: exp.Query) -> None:
    """A cast around every parameter says its type; `take_types` takes it away again."""
    for placeholder in list(tree.find_all(exp.Placeholder)):
        kind = 'date' if placeholder.name == RUN_DATE else 'varchar'
        placeholder.replace(exp.cast(placeholder.copy(), kind))


def take_types(tree: exp.Query) -> None:
    """Undoes `give_types`."""
    for cast in list(tree.find_all(exp.Cast)):
        if isinstance(cast.this, exp.Placeholder):
            cast.replace(cast.this)
