"""Requests and answers checked against botocore's own service models, so a wrong parameter fails here as on AWS."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

_validator = ParamValidator()
_MEASURED = ('string', 'list', 'map', 'integer', 'long', 'float', 'double')


@lru_cache
def service_model(name: str) -> ServiceModel:
    """botocore's model of a service, for example 'emr'."""
    return botocore.session.get_session().get_service_model(name)


def problems(request: dict[str, Any], operation: OperationModel) -> list[str]:
    """What is wrong with a request, one sentence each, in AWS's words. Empty: nothing."""
    shape = operation.input_shape
    if shape is None:
        return []
    report = _validator.validate(request, shape)
    if report.has_errors():
        return [report.generate_report()]
    return list(_beyond_botocore(request, shape, ''))


def _beyond_botocore(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """ParamValidator checks types, required members and minima; AWS also checks maxima, enums and patterns."""
    kind = shape.type_name
    if kind == 'structure':
        if getattr(shape, 'is_tagged_union', False) and len([v for v in value.values() if v is not None]) > 1:
            yield f"Value at '{path}' must set exactly one of {sorted(shape.members)}"
        for name, member in value.items():
            if member is not None:
                yield from _beyond_botocore(member, shape.members[name], f'{path}.{name}'.lstrip('.'))
        return
    if kind == 'list':
        for index, item in enumerate(value, 1):
            yield from _beyond_botocore(item, shape.member, f'{path}.{index}.member')
    elif kind == 'map':
        for key, item in value.items():
            yield from _beyond_botocore(key, shape.key, f'{path}.key')
            yield from _beyond_botocore(item, shape.value, f'{path}.{key}.member')
    rules = shape.metadata
    if kind in _MEASURED and 'max' in rules and _size(value) > rules['max']:
        what = 'value' if isinstance(value, (int, float)) else 'length'
        yield _failed(value, path, f'Member must have {what} less than or equal to {rules["max"]}')
    if isinstance(value, str):
        allowed = getattr(shape, 'enum', None)
        if allowed and value not in allowed:
            yield _failed(value, path, f'Member must satisfy enum value set: {list(allowed)}')
        if rules.get('pattern') and not _matches(rules['pattern'], value):
            yield _failed(value, path, f'Member must satisfy regular expression pattern: {rules["pattern"]}')


def _failed(value: Any, path: str, rule: str) -> str:
    shown = str(value)
    return f"Value '{shown[:200]}' at '{path}' failed to satisfy constraint: {rule}"


def _size(value: Any) -> float:
    return value if isinstance(value, (int, float)) else len(value)


# Java's character classes in Python's words; those of letters, numbers and spaces stand inside [...] only.
_JAVA = {
    r'\p{Alnum}': 'a-zA-Z0-9',
    r'\p{Alpha}': 'a-zA-Z',
    r'\p{L}': r'\w',
    r'\p{N}': r'\d',
    r'\p{Z}': r'\s',
}


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    # Some of AWS's patterns end with a misplaced repetition, `(…*)${1,256}`; the length is checked by itself.
    pattern = re.sub(r'\$\{\d+,\d+\}$', '', pattern.strip())
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None  # Java's dialect knows what Python's does not: such a pattern is not checked


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


def project(value: Any, shape: Shape | None) -> Any:
    """Keep of a stored record what an answer's shape knows; times become epoch numbers, as the JSON protocols send."""
    if shape is None:
        return {}
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if shape.type_name == 'structure' and isinstance(value, dict):
        members: dict[str, Shape] = shape.members
        return {name: project(value[name], members[name]) for name in members if value.get(name) is not None}
    if shape.type_name == 'list' and isinstance(value, (list, tuple)):
        return [project(item, shape.member) for item in value]
    if shape.type_name == 'map' and isinstance(value, dict):
        return {key: project(item, shape.value) for key, item in value.items() if item is not None}
    return value
