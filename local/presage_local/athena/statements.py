"""What kind of statement a text is. Queries are read by `translate`; the shells Athena puts around them, here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from .errors import QueryError
from .translate import parse

_QUERY_WORDS = ('SELECT', 'WITH', 'VALUES', '(', 'TABLE')


@dataclass(frozen=True)
class Query:
    """A statement that gives rows."""

    sql: str


@dataclass(frozen=True)
class Unload:
    """UNLOAD (query) TO 'location' WITH (options)."""

    sql: str
    location: str
    options: dict[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ddl:
    """A statement about the catalogue. `words` are its first words in upper case."""

    sql: str
    words: tuple[str, ...]


Statement = Query | Unload | Ddl


def read(sql: str, parameters: Sequence[str] = ()) -> Statement:
    """The statement in a text, its `?` filled with `parameters` (SQL literals). QueryError SYNTAX_ERROR."""
    text = sql.strip().rstrip(';').strip()
    try:
        tokens = _tokens(text)
    except sqlglot.errors.TokenError as error:
        raise QueryError('SYNTAX_ERROR', f'line 1:1: {error}') from None
    if not tokens:
        raise QueryError('SYNTAX_ERROR', "line 1:1: mismatched input '<EOF>'")
    if any(token.token_type == TokenType.PLACEHOLDER for token in tokens) or parameters:
        text = _filled(text, tokens, parameters)
        tokens = _tokens(text)
    first = tokens[0].text.upper()
    if first in _QUERY_WORDS:
        return Query(f'SELECT * FROM ({text})' if first == 'VALUES' else text)
    if first == 'UNLOAD':
        return _unload(text, tokens)
    bare = _without_comments(text).strip()
    return Ddl(bare, tuple(word.upper() for word in bare.split()[:4]))


def _without_comments(text: str) -> str:
    """The text with comments as blanks; what looks like one inside quotes stays."""
    keep = r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`)|--[^\n]*|/\*.*?\*/"
    return re.sub(keep, lambda match: match.group(1) or ' ', text, flags=re.DOTALL)


def _tokens(text: str) -> list[Token]:
    # Queries are Trino's, with double quotes around names; catalogue statements Hive's, with backticks.
    bare = _without_comments(text).lstrip().upper()
    query = bare.startswith((*_QUERY_WORDS, 'UNLOAD'))
    return list(sqlglot.tokenize(text, read='trino' if query else 'hive'))


def _filled(text: str, tokens: Sequence[Token], parameters: Sequence[str]) -> str:
    places = [token for token in tokens if token.token_type == TokenType.PLACEHOLDER]
    if len(places) != len(parameters):
        raise QueryError(
            'INVALID_PARAMETER_USAGE',
            f'line 1:1: Incorrect number of parameters: expected {len(places)} but found {len(parameters)}',
        )
    for token, value in reversed(list(zip(places, parameters, strict=True))):
        literal = parse(f'SELECT {value}').expressions[0].unnest()
        if not isinstance(literal, (exp.Literal, exp.Cast, exp.Neg, exp.Boolean, exp.Null)):
            raise QueryError('INVALID_PARAMETER_USAGE', f'line 1:1: The parameter {value} is not a constant')
        text = text[: token.start] + value + text[token.end + 1 :]
    return text


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index].token_type == TokenType.L_PAREN:
            depth += 1
        elif tokens[index].token_type == TokenType.R_PAREN:
            depth -= 1
            if depth == 0:
                return index
    raise QueryError('SYNTAX_ERROR', "mismatched input '<EOF>'. Expecting: ')'")


def _unload(text: str, tokens: Sequence[Token]) -> Unload:
    if len(tokens) < 2 or tokens[1].token_type != TokenType.L_PAREN:
        raise QueryError('SYNTAX_ERROR', "line 1:8: mismatched input. Expecting: '('")
    end = closing(tokens, 1)
    rest = tokens[end + 1 :]
    if len(rest) < 2 or rest[0].text.upper() != 'TO' or rest[1].token_type != TokenType.STRING:
        raise QueryError('SYNTAX_ERROR', "UNLOAD (query) must be followed by TO 's3://…'")
    inner = text[tokens[1].end + 1 : tokens[end].start]
    # The newlines before the query keep the line numbers of messages right.
    inner = '\n' * text[: tokens[1].end + 1].count('\n') + inner
    options: dict[str, str | list[str]] = {}
    if len(rest) > 2:
        if rest[2].text.upper() != 'WITH' or len(rest) < 4 or rest[3].token_type != TokenType.L_PAREN:
            raise QueryError('SYNTAX_ERROR', f"mismatched input '{rest[2].text}'. Expecting: 'WITH', <EOF>")
        if closing(rest, 3) != len(rest) - 1:
            raise QueryError('SYNTAX_ERROR', f"mismatched input '{rest[-1].text}'. Expecting: <EOF>")
        options = properties(rest[4:-1])
    return Unload(inner, rest[1].text, options)


def properties(tokens: Sequence[Token]) -> dict[str, str | list[str]]:
    """`name = 'value', name = ARRAY['a', 'b']` as a dict with lower-case names."""
    result: dict[str, str | list[str]] = {}
    index = 0
    while index < len(tokens):
        name = tokens[index].text.lower()
        if index + 2 >= len(tokens) + 0 or tokens[index + 1].token_type != TokenType.EQ:
            raise QueryError('SYNTAX_ERROR', f"mismatched input near '{name}'. Expecting: '='")
        index += 2
        if tokens[index].text.upper() == 'ARRAY':
            values = []
            index += 2
            while index < len(tokens) and tokens[index].token_type != TokenType.R_BRACKET:
                if tokens[index].token_type == TokenType.STRING:
                    values.append(tokens[index].text)
                index += 1
            result[name] = values
        else:
            result[name] = tokens[index].text
        index += 1
        if index < len(tokens) and tokens[index].token_type != TokenType.COMMA:
            raise QueryError('SYNTAX_ERROR', f"mismatched input '{tokens[index].text}'. Expecting: ',', ')'")
        index += 1
    return result


def statement_type(sql: str) -> tuple[str, str]:
    """StatementType and SubstatementType as GetQueryExecution shows them."""
    words = re.findall(r'[A-Za-z]+', _without_comments(sql))[:3] or ['']
    first = words[0].upper()
    if first in ('SHOW', 'DESCRIBE', 'EXPLAIN', 'DESC'):
        return 'UTILITY', '_'.join(w.upper() for w in words[:2]) if first == 'SHOW' else first
    if first in ('ALTER', 'DROP', 'MSCK') or (first == 'CREATE' and not _is_ctas(sql)):
        return 'DDL', '_'.join(w.upper() for w in words[:2])
    if first == 'CREATE':
        return 'DDL', 'CREATE_TABLE_AS_SELECT'
    return 'DML', first if first in ('UNLOAD', 'INSERT', 'MERGE', 'DELETE', 'UPDATE') else 'SELECT'


def _is_ctas(sql: str) -> bool:
    return bool(re.search(r'\bAS\s*\(?\s*(SELECT|WITH|VALUES|TABLE)\b', sql, re.IGNORECASE))
