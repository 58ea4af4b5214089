from __future__ import annotations

import numpy as np
from package import parameters_of

from v1 import Model, prepare


def test_the_features_are_taken_as_they_are() -> None:
    rows = np.array([[0.25, 1, 0], [0.5, 0, 1]])
    assert np.array_equal(prepare(rows, ['attrs_scale', 'computer', 'smartphone']), rows)


def test_a_straight_line_is_found_exactly() -> None:
    rows = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1], [0.5, 1]])
    label = 0.1 + 0.3 * rows[:, 0] + 0.05 * rows[:, 1]
    model = Model(parameters_of('v1'))
    model.train(rows, label)
    assert np.allclose(model.predict(rows), label)
    assert model.score(rows, label) < 1e-20


def test_answers_beyond_a_probability_are_clipped() -> None:
    model = Model(parameters_of('v1'))
    model.train(np.array([[0.0], [1.0]]), np.array([0.1, 0.6]))
    assert model.predict(np.array([[-1.0], [3.0]])).tolist() == [0.0, 1.0]
