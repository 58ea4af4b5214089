"""Gradient boosting with the attributes unpacked, held by a ridge regression.

Most pairs have few clicks, so nearly all of a conversion rate is chance, and a model that follows the rows closely
learns that chance. Hence small trees with large leaves and a slow rate, and beside them a ridge regression, which is
right where effects add up. The prediction is a mean of the two; the validation rows, whose entities neither has seen,
say how much of it is the trees'. Then both learn from all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import package
from package import Labelled, Matrix, StructureMismatch
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

SCALE = 'attrs_scale'

# A double holds 53 attributes when the first of them is 1; the last of those may be rounded.
UNPACKED = 48


def prepare(rows: Matrix, features: Sequence[str]) -> Matrix:
    """The features, then the first attributes one by one, which `attrs_scale` packs as the bits of a fraction.

    StructureMismatch without that column, or with a value in it that is no such fraction.
    """
    rows = np.asarray(rows, dtype=float)
    if SCALE not in features:
        raise StructureMismatch(f'v2 needs the feature {SCALE}, it is given {", ".join(features)}')
    fraction = rows[:, list(features).index(SCALE)].copy()
    if len(fraction) and not (fraction.min() >= 0 and fraction.max() <= 1):
        raise StructureMismatch(f'{SCALE} is between 0 and 1, here from {fraction.min()} to {fraction.max()}')
    attributes = np.empty((len(rows), UNPACKED))
    for place in range(UNPACKED):
        fraction *= 2
        attributes[:, place] = fraction >= 1
        fraction -= attributes[:, place]
    return np.column_stack([rows, attributes])


class Model(package.Model):
    """HistGradientBoosting and ridge regression; `share` of the prediction is the trees'."""

    version = 'v2'

    def fit(self, rows: Matrix, label: Matrix) -> dict[str, Any]:
        trees = HistGradientBoostingRegressor(
            loss='squared_error',
            learning_rate=float(self.parameters['learning_rate']),
            max_iter=int(self.parameters['rounds']),
            max_leaf_nodes=int(self.parameters['max_leaf_nodes']),
            min_samples_leaf=int(self.parameters['min_samples_leaf']),
            l2_regularization=float(self.parameters['l2_regularization']),
            early_stopping=False,
            random_state=int(self.parameters['seed']),
        )
        ridge = Ridge(alpha=float(self.parameters['ridge_penalty']))
        return {'trees': trees.fit(rows, label), 'ridge': ridge.fit(rows, label)}

    def choose(self, validation: Labelled) -> dict[str, Any]:
        """The share with the least squared error on the validation rows: a regression with one coefficient."""
        ridge, trees = self._answers(validation.rows)
        apart = trees - ridge
        squares = float(np.dot(apart, apart))
        if not squares:
            return {}
        return {'share': float(np.clip(np.dot(apart, validation.label - ridge) / squares, 0, 1))}

    def estimate(self, rows: Matrix) -> Matrix:
        ridge, trees = self._answers(rows)
        share = float(self.parameters['share'])
        return share * trees + (1 - share) * ridge

    def _answers(self, rows: Matrix) -> tuple[Matrix, Matrix]:
        return np.asarray(self.fitted['ridge'].predict(rows)), np.asarray(self.fitted['trees'].predict(rows))
