"""What is to be learned: the problem type, the classes, and the target as numbers."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .encoding import Column, as_numbers
from .metrics import Floats, Ints
from .objectives import BINARY, MULTICLASS, REGRESSION

# A numeric target with at most this many whole values is taken for classes when nobody said.
_NUMERIC_CLASSES = 20


class UnfitData(ValueError):
    """The training data cannot be learned from; the text is the job's failure reason."""


@dataclass(frozen=True)
class Target:
    """labels are the classes as text, sorted (numbers by value); empty for regression."""

    problem: str
    labels: list[str]
    values: Floats | Ints  # class numbers, or the numbers themselves


def _label_text(column: Column) -> list[str | None]:
    """Labels as a CSV would show them: 1, 1.0, True, or the text itself."""
    return [None if v is None else str(v) for v in column.to_pylist()]


def _sorted_labels(present: set[str]) -> list[str]:
    try:
        return sorted(present, key=float)
    except ValueError:
        return sorted(present)


def _is_number(column: Column) -> bool:
    kind = column.type
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def infer_problem(column: Column) -> str:
    """Autopilot's own guess: two values are binary, text or few whole numbers are classes, the rest is regression."""
    distinct = pc.unique(column.drop_null())
    if len(distinct) <= 2:
        return BINARY
    if not _is_number(column):
        return MULTICLASS
    values = as_numbers(distinct)
    whole = bool(np.all(values == np.round(values)))
    return MULTICLASS if whole and len(distinct) <= _NUMERIC_CLASSES else REGRESSION


def read_target(column: Column, name: str, problem: str | None) -> Target:
    """The target of training rows. Raises UnfitData for missing values, one class only, or a wrong problem type."""
    if column.null_count:
        raise UnfitData(f'The target column "{name}" has {column.null_count} missing values.')
    kind = problem or infer_problem(column)
    if kind == REGRESSION:
        values = as_numbers(column)
        if np.isnan(values).any():
            raise UnfitData(f'The target column "{name}" holds values that are no numbers: no regression is possible.')
        if values.min() == values.max():
            raise UnfitData(f'The target column "{name}" has only one value. At least two are needed.')
        return Target(kind, [], values)
    text = _label_text(column)
    labels = _sorted_labels({t for t in text if t is not None})
    if len(labels) < 2:
        raise UnfitData(f'The target column "{name}" has only one class: {labels[0]!r}. At least two are needed.')
    if kind == BINARY and len(labels) > 2:
        raise UnfitData(f'The target column "{name}" has {len(labels)} classes, not the two of {BINARY}.')
    if kind == MULTICLASS and len(labels) < 3:
        raise UnfitData(f'The target column "{name}" has {len(labels)} classes; {MULTICLASS} needs at least three.')
    number = {label: i for i, label in enumerate(labels)}
    return Target(kind, labels, np.array([number[t] for t in text if t is not None], dtype=np.int64))


def read_validation_target(column: Column, name: str, training: Target) -> Floats | Ints:
    """The validation channel's target under the classes of the training channel."""
    if column.null_count:
        raise UnfitData(f'The target column "{name}" of the validation channel has missing values.')
    if training.problem == REGRESSION:
        return as_numbers(column)
    number = {label: i for i, label in enumerate(training.labels)}
    text = _label_text(column)
    unknown = sorted({t for t in text if t is not None and t not in number})
    if unknown:
        raise UnfitData(f'The validation channel has classes that the training channel lacks: {unknown[:5]}.')
    return np.array([number[t] for t in text if t is not None], dtype=np.int64)
