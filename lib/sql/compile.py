"""Checks the queries of a pipeline and translates them: a JSON request on standard input, a JSON answer on the output.

Request and answer: see the types below. With problems there are no queries. The texts are Athena's dialect. `:run_date`
is a DATE, other parameters are varchar; they stay in the texts as they are, and whoever runs them puts literals there.
"""

from __future__ import annotations

import json
import sys
from typing import Any, TypedDict

import lint
import lint_types
import names
import parameters
import projection
from problems import Problem, line_of, suggestion
from relations import (
    RESERVED,
    Predictions,
    Source,
    Table,
    physical_columns,
    predictions_query,
    source_query,
    table_query,
)
from spark import to_spark
from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

PREDICTIONS = 'predictions'


class Query(TypedDict):
    """`output`: the columns it must give; null as a type is any type, and null instead of the columns is any columns.

    `needs`: columns there must be among any columns. `given`: relations made at run time. `reads`: the other relations
    it may read; `lenient`: values its sources cannot cast are null.
    """

    file: str
    sql: str
    output: dict[str, str | None] | None
    needs: list[str]
    given: dict[str, dict[str, str]]
    reads: list[str]
    lenient: bool


class Request(TypedDict):
    """`predictions`: null for a pipeline that makes none. `parameters`: names, without `run_date`."""

    sources: dict[str, Source]
    tables: dict[str, Table]
    predictions: Predictions | None
    parameters: list[str]
    queries: dict[str, Query]


class Compiled(TypedDict):
    """Both texts, and which relations of the pipeline they read."""

    athena: str
    spark: str
    sources: list[str]
    tables: list[str]
    predictions: bool


def compile_request(request: Request) -> dict[str, Any]:
    """Every query, or every problem of all of them."""
    problems = reserved_words(request)
    if problems:
        return {'queries': {}, 'problems': [str(problem) for problem in problems]}
    compiled = {}
    for name, query in request['queries'].items():
        answer, found = compile_query(name, query, request)
        problems += found
        if answer:
            compiled[name] = answer
    problems += circles(compiled, request)
    return {'queries': {} if problems else compiled, 'problems': [str(problem) for problem in problems]}


def reserved_words(request: Request) -> list[Problem]:
    """Declared names that are syntax."""
    declared: dict[str, Source | Table | Predictions] = {**request['sources'], **request['tables']}
    if request['predictions']:
        declared[PREDICTIONS] = request['predictions']
    return [
        Problem(
            f'column {column} of {name}', None, 'reserved-word', f'{column} is a word of SQL', 'give it another name'
        )
        for name, relation in declared.items()
        for column in relation['columns']
        if column in RESERVED
    ]


def compile_query(name: str, query: Query, request: Request) -> tuple[Compiled | None, list[Problem]]:
    """One query in both dialects. Types are checked only when all names are known: they would be guesses otherwise."""
    file = query['file']
    try:
        tree = lint.parse_query(query['sql'], file)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        what = str(first.get('description') or error).strip().rstrip('.')
        return None, [Problem(file, first.get('line'), 'syntax', what, "write one SELECT in Athena's dialect")]
    if isinstance(tree, Problem):
        return None, [tree]
    problems = [*lint.check(tree, query['sql'], file), *parameters.check(tree, request['parameters'], file)]
    used, unknown = references(tree, name, query, request)
    problems += unknown
    if any(problem.rule in ('unknown-table', 'own-name', 'unknown-parameter') for problem in problems):
        return None, problems

    sources = [source for source in request['sources'] if source in used]
    tables = [table for table in request['tables'] if table in used]
    predictions = request['predictions'] if PREDICTIONS in used else None
    relations = {
        **{table: table_query(request['tables'][table]) for table in tables},
        **{source: source_query(request['sources'][source], query['lenient']) for source in sources},
        **({PREDICTIONS: predictions_query(predictions)} if predictions else {}),
    }
    whole = tree.copy()
    lead(whole, relations)
    physical = physical_schema(query, request)
    try:
        problems += names.unknown_columns(whole, physical, file)
        if any(problem.rule == 'unknown-column' for problem in problems):
            return None, problems
        typed = annotate(whole, MappingSchema({**physical}, dialect='athena'))
        output = query['output']
        problems += projection.check(tree, typed, None if output is None else list(output), query['needs'], file)
        if not any(problem.rule == projection.RULE for problem in problems):
            problems += lint_types.check(typed, output or {}, set(relations), file)
        if problems:
            return None, problems
        wants = list(output or typed.named_selects)
        if typed.named_selects != wants:
            whole, typed = projection.project(whole, wants), projection.project(typed, wants)
        spark = to_spark(typed)
    except SqlglotError as error:
        return None, [*problems, Problem(file, None, 'translation', str(error), 'write it in the portable subset')]
    athena = whole.sql('athena', pretty=True, comments=False)
    given = predictions is not None
    return Compiled(athena=athena, spark=spark, sources=sources, tables=tables, predictions=given), []


def references(tree: exp.Query, name: str, query: Query, request: Request) -> tuple[set[str], list[Problem]]:
    """The relations a query reads by bare name, and names that are none or none for it."""
    file = query['file']
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    every = {*request['sources'], *request['tables'], *([PREDICTIONS] if request['predictions'] else [])}
    known = [*query['reads'], *query['given']]
    problems = [
        Problem(file, line_of(cte), 'own-name', f'WITH {cte.alias} hides the relation of this name', 'use another name')
        for cte in tree.find_all(exp.CTE)
        if cte.alias in every or cte.alias in known
    ]
    used = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.name in own:
            continue
        used.add(table.name)
        if table.db:
            what, instead = f'{table.sql()} names a database', f'write {table.name}: the definition says where it is'
        elif table.name == name and name in request['tables']:
            what, instead = f'{name} reads itself', 'read what it is made of'
        elif table.name not in known and table.name in every:
            what, instead = f'{name} may not read {table.name}', f'it reads: {", ".join(known) or "nothing"}'
        elif table.name not in known:
            what, instead = f'{table.name} is neither a source nor a table', suggestion(table.name, [*known, *own])
        else:
            continue
        problems.append(Problem(file, line_of(table), 'unknown-table', what, instead))
    return used, problems


def lead(tree: exp.Query, relations: dict[str, str]) -> None:
    """Puts CTEs before those of the query."""
    ctes = [
        exp.CTE(this=parse_one(sql, read='athena'), alias=exp.TableAlias(this=exp.to_identifier(name)))
        for name, sql in relations.items()
    ]
    if not ctes:
        return
    own = tree.args.get('with_')
    tree.set('with_', exp.With(expressions=[*ctes, *(own.expressions if own else [])]))


def physical_schema(query: Query, request: Request) -> names.Physical:
    """What the catalogue says about the tables below the leading CTEs."""
    predictions = request['predictions']
    return {
        **{source['raw']: physical_columns(source) for source in request['sources'].values()},
        **{table['candidate']: {**table['columns'], 'run_date': 'date'} for table in request['tables'].values()},
        **({predictions['published']: {**predictions['columns'], 'run_date': 'date'}} if predictions else {}),
        **query['given'],
    }


def annotate(tree: exp.Query, schema: MappingSchema) -> exp.Query:
    """A copy with every column under its table's name and a type on every expression."""
    given = tree.copy()
    parameters.give_types(given)  # `to_spark` takes them away again
    qualified = qualify(given, schema=schema, dialect='athena', quote_identifiers=False, validate_qualify_columns=False)
    return annotate_types(qualified, schema=schema, dialect='athena')


def circles(compiled: dict[str, Compiled], request: Request) -> list[Problem]:
    """Tables that wait for each other."""
    waiting = {name: set(query['tables']) for name, query in compiled.items() if name in request['tables']}
    while ready := [name for name, needs in waiting.items() if not needs & waiting.keys()]:
        for name in ready:
            del waiting[name]
    return [
        Problem(
            request['queries'][name]['file'], None, 'circle', f'{name} needs {", ".join(sorted(needs))}', 'break it'
        )
        for name, needs in waiting.items()
    ]


if __name__ == '__main__':
    json.dump(compile_request(json.load(sys.stdin)), sys.stdout)
