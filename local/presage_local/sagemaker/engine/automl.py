"""From a training table to a saved model: what an AutoML job does between its channels and its output."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from .bundle import Model
from .encoding import Encoder, as_numbers
from .metrics import Floats
from .objectives import DEFAULT_METRIC, REGRESSION
from .problem import Target, UnfitData, read_target, read_validation_target
from .search import Limits, Outcome, Rows, Search, Trial

# AWS's own minimum for a tabular training set.
MIN_ROWS = 500


@dataclass(frozen=True)
class Request:
    """What the job asks for. features: the columns to learn from, in the table's order (None: all of them)."""

    job: str
    target: str
    problem: str | None = None
    metric: str | None = None
    features: list[str] | None = None
    types: dict[str, str] = field(default_factory=dict)
    weight: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass
class Prepared:
    """Checked training data, and the problem as it was understood."""

    request: Request
    encoder: Encoder
    target: Target
    metric: str
    training: Rows
    validation: Rows | None


def _weights(table: pa.Table, name: str | None) -> Floats | None:
    if name is None:
        return None
    values = as_numbers(table[name])
    if np.isnan(values).any() or (values < 0).any() or values.sum() <= 0:
        raise UnfitData(f'The sample weight column "{name}" must hold numbers of 0 or more, without gaps.')
    return values / values.mean()


def _feature_names(request: Request, table: pa.Table) -> list[str]:
    if request.features is not None:
        missing = [name for name in request.features if name not in table.column_names]
        if missing:
            raise UnfitData(f'The feature specification names columns the training data lacks: {missing[:5]}.')
        if request.target in request.features:
            raise UnfitData(f'The feature specification names the target column "{request.target}".')
    kept = set(table.column_names if request.features is None else request.features)
    names = [n for n in table.column_names if n in kept and n not in (request.target, request.weight)]
    if not names:
        raise UnfitData('The training data has no feature column beside the target.')
    return names


def prepare(request: Request, table: pa.Table, validation: pa.Table | None = None) -> Prepared:
    """Check and encode. Raises UnfitData with the job's failure reason."""
    for name, what in ((request.target, 'target'), (request.weight, 'sample weight')):
        for part, channel in ((table, 'training'), (validation, 'validation')):
            if name and part is not None and name not in part.column_names:
                raise UnfitData(f'The {what} column "{name}" is not in the {channel} data.')
    if len(set(table.column_names)) < len(table.column_names):
        raise UnfitData('The training data has two columns of the same name.')
    if table.num_rows < MIN_ROWS:
        raise UnfitData(
            f'The training dataset has {table.num_rows} rows. At least {MIN_ROWS} rows are needed to run an AutoML job.'
        )
    target = read_target(table[request.target], request.target, request.problem)
    names = _feature_names(request, table)
    encoder = Encoder.fit(table, names, request.types)
    training = Rows(encoder.encode([table[n] for n in names]), target.values, _weights(table, request.weight))
    held: Rows | None = None
    if validation is not None:
        missing = [n for n in names if n not in validation.column_names]
        if missing:
            raise UnfitData(f'The validation channel lacks columns of the training channel: {missing[:5]}.')
        if validation.num_rows == 0:
            raise UnfitData('The validation channel has no rows.')
        truth = read_validation_target(validation[request.target], request.target, target)
        if target.problem != REGRESSION and len(np.unique(truth)) < 2:
            raise UnfitData(f'The target column "{request.target}" of the validation channel has only one class.')
        columns = [validation[n] for n in names]
        held = Rows(encoder.encode(columns), truth, _weights(validation, request.weight))
    metric = request.metric or DEFAULT_METRIC[target.problem]
    return Prepared(request, encoder, target, metric, training, held)


def train(data: Prepared, progress: Callable[[list[Trial]], None] | None = None) -> tuple[Model | None, Outcome]:
    """Search and wrap the best as a model; None if the time did not suffice for any."""
    search = Search(
        data.target.problem,
        data.metric,
        data.training,
        data.validation,
        classes=len(data.target.labels),
        categories=data.encoder.categories,
        limits=data.request.limits,
    )
    outcome = search.run(progress)
    if outcome.best is None:
        return None, outcome
    return model_of(data, outcome), outcome


def model_of(data: Prepared, outcome: Outcome) -> Model:
    """The outcome's best as a model that can be saved and served."""
    return Model(
        data.target.problem,
        data.request.target,
        data.encoder,
        data.target.labels,
        label_order(data.request.job, len(data.target.labels)),
        outcome.model,
        outcome.multipliers,
    )


def label_order(job: str, classes: int) -> list[int]:
    """As on AWS the order of the labels is nobody's promise: it differs from job to job and stays with the model."""
    order = list(range(classes))
    random.Random(job).shuffle(order)
    return order
