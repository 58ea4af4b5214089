"""AutoML's objective metrics, calculated."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .objectives import REGRESSION, SUITABLE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def confusion(truth: Ints, predicted: Ints, classes: int, weights: Floats | None = None) -> Floats:
    """Weighted counts, one row per true class and one column per predicted class."""
    flat = np.bincount(truth * classes + predicted, weights=weights, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.float64)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """0 where nothing was predicted (or nothing is there), as scikit-learn's zero_division=0."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _per_class(counts: Floats) -> tuple[Floats, Floats, Floats]:
    hits = np.diag(counts)
    predicted, actual = counts.sum(axis=0), counts.sum(axis=1)
    return _ratio(hits, predicted), _ratio(hits, actual), _ratio(2 * hits, predicted + actual)


def _macro(values: Floats, counts: Floats) -> float:
    """The mean over the classes that occur, in truth or in the prediction."""
    occurs = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return float(values[occurs].mean())


def _recall_macro(counts: Floats) -> float:
    return float(_per_class(counts)[1][counts.sum(axis=1) > 0].mean())


_FROM_COUNTS: dict[str, Callable[[Floats], float]] = {
    'Accuracy': lambda c: float(np.trace(c) / c.sum()),
    'BalancedAccuracy': _recall_macro,
    'F1macro': lambda c: _macro(_per_class(c)[2], c),
    'PrecisionMacro': lambda c: _macro(_per_class(c)[0], c),
    'RecallMacro': _recall_macro,
    'Precision': lambda c: float(_per_class(c)[0][1]),
    'Recall': lambda c: float(_per_class(c)[1][1]),
    'F1': lambda c: float(_per_class(c)[2][1]),
}


def _auc(truth: Ints, score: Floats, weights: Floats | None) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, score, sample_weight=weights))


def log_loss(truth: Ints, probabilities: Floats, weights: Floats | None = None) -> float:
    """Mean negative log likelihood (nats); probabilities has one column per class."""
    picked = np.clip(probabilities[np.arange(len(truth)), truth], 1e-15, 1.0)
    return float(np.average(-np.log(picked), weights=weights))


def score(metric: str, truth: NDArray[np.generic], prediction: Floats, weights: Floats | None = None) -> float:
    """One metric.

    truth is class numbers (classification) or values (regression); prediction is [rows, classes] probabilities,
    whose largest entry is the predicted class, or [rows] values. Binary metrics call class 1 positive.
    """
    if prediction.ndim == 1:
        error = truth.astype(np.float64) - prediction
        if metric == 'MAE':
            return float(np.average(np.abs(error), weights=weights))
        mse = float(np.average(error**2, weights=weights))
        if metric == 'MSE':
            return mse
        if metric == 'RMSE':
            return float(np.sqrt(mse))
        if metric == 'R2':
            mean = np.average(truth.astype(np.float64), weights=weights)
            spread = float(np.average((truth.astype(np.float64) - mean) ** 2, weights=weights))
            return 1.0 - mse / spread if spread > 0 else 0.0
        raise ValueError(f'{metric} is not a regression metric')
    classes = truth.astype(np.int64)
    if metric == 'AUC':
        return _auc(classes, prediction[:, 1], weights)
    if metric == 'LogLoss':
        return log_loss(classes, prediction, weights)
    counts = confusion(classes, prediction.argmax(axis=1).astype(np.int64), prediction.shape[1], weights)
    return _FROM_COUNTS[metric](counts)


def all_metrics(
    problem: str, truth: NDArray[np.generic], prediction: Floats, weights: Floats | None = None
) -> dict[str, float]:
    """Every metric AWS lists for the problem (and LogLoss for classes), by its name."""
    names = (*SUITABLE[problem], *(() if problem == REGRESSION else ('LogLoss',)))
    return {name: score(name, truth, prediction, weights) for name in names}
