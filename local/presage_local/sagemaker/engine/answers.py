"""What the AutoML container answers for a record: the members of SAGEMAKER_INFERENCE_OUTPUT as columns of text."""

import numpy as np

from .bundle import Model
from .metrics import Floats
from .objectives import REGRESSION

SUPPORTED = ('predicted_label', 'probability', 'probabilities', 'labels')
VARIABLE = 'SAGEMAKER_INFERENCE_OUTPUT'


class UnknownOutput(ValueError):
    """SAGEMAKER_INFERENCE_OUTPUT names something the container cannot give."""


def wanted(environment: dict[str, str]) -> list[str]:
    """The members asked for, in their order. By default the container answers the label only."""
    names = [name.strip() for name in environment.get(VARIABLE, 'predicted_label').split(',') if name.strip()]
    unknown = [name for name in names if name not in SUPPORTED]
    if unknown or not names:
        raise UnknownOutput(f'{VARIABLE} names {unknown or "nothing"}; supported: {",".join(SUPPORTED)}')
    return names


def _number(value: float) -> str:
    return f'{value:.10g}'


def answer(model: Model, prediction: Floats, names: list[str]) -> list[list[str]]:
    """One list of fields (not yet quoted) per member asked for; regression answers its number whatever was asked.

    `probability` is that of the predicted label, as in ENSEMBLING mode. `probabilities` and `labels` are lists as
    Python prints them, both in the same order, which is not the order of the classes: readers must go by name.
    """
    if model.problem == REGRESSION:
        return [[_number(v) for v in prediction.tolist()]]
    order = model.shuffled
    best = prediction.argmax(axis=1)
    columns: list[list[str]] = []
    for name in names:
        if name == 'predicted_label':
            columns.append([model.labels[k] for k in best.tolist()])
        elif name == 'probability':
            columns.append([_number(v) for v in prediction[np.arange(len(best)), best].tolist()])
        elif name == 'probabilities':
            columns.append(['[' + ', '.join(map(_number, row)) + ']' for row in prediction[:, order].tolist()])
        else:
            columns.append([str([model.labels[k] for k in order])] * len(best))
    return columns
