"""Class multipliers: where the decision lies between the classes is chosen for the objective, on unseen rows.

A model fitted for likelihood predicts the frequent classes nearly always; macro-averaged metrics punish that.
Multiplying the probabilities by one factor per class (and normalising) moves the decision without another fit. The
probabilities are then those of a class-weighted training: their largest entry is the predicted label, but they are no
longer the plain frequencies. Metrics that do not read labels (AUC) or do not ask for balance (Accuracy)
leave them alone.
"""

import numpy as np

from .metrics import Floats, Ints, score

TUNED = frozenset({'F1macro', 'BalancedAccuracy', 'RecallMacro', 'F1'})
# Powers of 1/prior: 0 leaves the model alone, 1 makes all classes equally likely beforehand.
_POWERS = np.linspace(0.0, 1.25, 26)
# A class needs this many unseen rows before it may have a factor of its own.
_ROWS_FOR_OWN_FACTOR = 60
_PARTS = 5


def adjust(probabilities: Floats, multipliers: Floats) -> Floats:
    """Probabilities times one factor per class, each row summing to 1 again."""
    shifted = probabilities * multipliers
    total = shifted.sum(axis=1, keepdims=True)
    return np.divide(shifted, total, out=np.full_like(shifted, 1.0 / shifted.shape[1]), where=total > 0)


def _goal(metric: str, truth: Ints, probabilities: Floats, multipliers: Floats, weights: Floats | None) -> float:
    # Only the largest entry counts here: normalising is left out.
    return score(metric, truth, probabilities * multipliers, weights)


def _by_power(metric: str, truth: Ints, p: Floats, prior: Floats, weights: Floats | None) -> Floats:
    """One parameter for all classes: hard to overfit. Ties go to the smallest change."""
    safe = np.maximum(prior, 1e-6)
    values = [_goal(metric, truth, p, safe**-power, weights) for power in _POWERS]
    # A mean over neighbours: a lone peak is luck of a few rows.
    smooth = np.convolve(np.pad(values, 2, mode='edge'), np.ones(5) / 5, mode='valid')
    found = safe ** -_POWERS[int(np.argmax(smooth))]
    return found / found.max()


def _by_class(metric: str, truth: Ints, p: Floats, start: Floats, weights: Floats | None) -> Floats:
    """Coordinate ascent over one factor per class, from a good start."""
    best, current = start.copy(), _goal(metric, truth, p, start, weights)
    for step in (1.4, 1.15):
        for _ in range(4):
            moved = False
            for k in range(len(best)):
                for factor in (step, 1 / step):
                    trial = best.copy()
                    trial[k] *= factor
                    value = _goal(metric, truth, p, trial, weights)
                    if value > current + 1e-12:
                        best, current, moved = trial, value, True
            if not moved:
                break
    return best / best.max()


def _honest(
    chooser: str, metric: str, truth: Ints, p: Floats, prior: Floats, weights: Floats | None
) -> tuple[float, Floats]:
    """The metric when each part of the rows is decided by factors chosen on the other parts, and that prediction."""
    part = np.arange(len(truth)) % _PARTS
    # Rows arrive in fold or file order: deal them by class so that every part sees every class.
    part[np.argsort(truth, kind='stable')] = np.arange(len(truth)) % _PARTS
    moved = np.empty_like(p)
    for k in range(_PARTS):
        seen, unseen = part != k, part == k
        kept = None if weights is None else weights[seen]
        moved[unseen] = adjust(p[unseen], _choose(chooser, metric, truth[seen], p[seen], prior, kept))
    return score(metric, truth, moved, weights), moved


def _choose(chooser: str, metric: str, truth: Ints, p: Floats, prior: Floats, weights: Floats | None) -> Floats:
    if chooser == 'none':
        return np.ones(p.shape[1])
    found = _by_power(metric, truth, p, prior, weights)
    return found if chooser == 'power' else _by_class(metric, truth, p, found, weights)


def tune(
    metric: str, truth: Ints, probabilities: Floats, prior: Floats, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Multipliers [classes] for the objective, and the same rows decided without having chosen on them.

    The second is what the candidate is judged on: a factor chosen and judged on the same rows flatters itself.
    truth and probabilities are of rows the model was not fitted on; prior is the share of each class in training.
    """
    if metric not in TUNED:
        return np.ones(probabilities.shape[1]), probabilities
    rare = int(np.bincount(truth, minlength=probabilities.shape[1]).min())
    choosers = ['none', 'power', *(['class'] if rare >= _ROWS_FOR_OWN_FACTOR else [])]
    judged = {c: _honest(c, metric, truth, probabilities, prior, weights) for c in choosers}
    # Simpler first: max() keeps the first of equals.
    best = max(choosers, key=lambda c: judged[c][0])
    return _choose(best, metric, truth, probabilities, prior, weights), judged[best][1]
