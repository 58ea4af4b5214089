"""What a query can be refused for: one line a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True)
class Problem:
    """`rule` is the rule's name; `instead` says what to write."""

    file: str
    line: int | None
    rule: str
    what: str
    instead: str

    def __str__(self) -> str:
        where = f'{self.file}:{self.line}' if self.line else self.file
        return f'{where} ({self.rule}): {self.what}; {self.instead}'


def line_of(node: exp.Expr) -> int | None:
    """Where a node stands in its file: the parser notes places of names and most functions only, so look around it."""
    for inner in node.walk():
        if 'line' in inner.meta:
            return int(inner.meta['line'])
    parent = node.parent
    while parent:
        if 'line' in parent.meta:
            return int(parent.meta['line'])
        for child in parent.iter_expressions():
            if 'line' in child.meta:
                return int(child.meta['line'])
        parent = parent.parent
    return None


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean x?` when a known name is close, the list otherwise."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return f'did you mean {near[0]}?' if near else f'known: {", ".join(names) or "none"}'
