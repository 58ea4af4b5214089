from __future__ import annotations

import numpy as np
import pytest
import v1
from package import Labelled, StructureMismatch, parameters_of
from some_rows import FEATURES, pairs

from v2 import UNPACKED, Model, prepare


def test_the_attributes_come_back_out_of_their_sum() -> None:
    random = np.random.default_rng(1)
    attributes = random.integers(0, 2, (200, 160)).astype(float)
    # Added up like the query does: from the smallest on.
    scale = np.zeros(200)
    for place in range(160, 0, -1):
        scale += attributes[:, place - 1] * 2.0**-place
    unpacked = prepare(scale.reshape(-1, 1), ['attrs_scale'])
    assert unpacked.shape == (200, 1 + UNPACKED)
    assert np.array_equal(unpacked[:, 0], scale)
    assert np.array_equal(unpacked[:, 1 : 1 + 40], attributes[:, :40])


def test_no_attributes_and_all_of_them_are_fractions_too() -> None:
    assert prepare(np.array([[0.0], [1.0]]), ['attrs_scale'])[:, 1:].tolist() == [[0] * UNPACKED, [1] * UNPACKED]


def test_the_features_stay_in_front_in_their_order() -> None:
    rows = np.array([[1.0, 0.5, 0.0]])
    assert prepare(rows, ['computer', 'attrs_scale', 'smartphone'])[0, :5].tolist() == [1, 0.5, 0, 1, 0]


def test_without_the_packed_attributes_it_says_what_it_was_given() -> None:
    with pytest.raises(StructureMismatch, match='needs the feature attrs_scale, it is given computer, att5'):
        prepare(np.zeros((1, 2)), ['computer', 'att5'])


def test_a_sum_that_can_be_none_is_refused() -> None:
    with pytest.raises(StructureMismatch, match=r'between 0 and 1, here from 0.5 to 1.5'):
        prepare(np.array([[0.5], [1.5]]), ['attrs_scale'])


def prepared(labelled: Labelled) -> Labelled:
    return Labelled(prepare(labelled.rows, FEATURES), labelled.label)


def test_it_beats_v1_where_an_attribute_acts_on_one_device_only() -> None:
    seen, unseen = pairs(3_000), pairs(1_000, seed=8)
    straight, boosted = v1.Model(parameters_of('v1')), Model(parameters_of('v2'))
    straight.train(*seen)
    boosted.train(*prepared(seen))
    assert boosted.score(*prepared(unseen)) < 0.6 * straight.score(*unseen)


def test_the_trees_get_the_share_that_the_validation_rows_say() -> None:
    model = Model(parameters_of('v2'))
    model.train(*prepared(pairs(3_000)), prepared(pairs(600, seed=9)))
    assert model.parameters['share'] > 0.8
    noise = Labelled(pairs(3_000).rows, np.random.default_rng(3).permutation(pairs(3_000).label))
    model = Model(parameters_of('v2'))
    model.train(*prepared(noise), prepared(pairs(600, seed=9)))
    assert 0 <= model.parameters['share'] <= 1


def test_without_validation_rows_the_share_is_the_one_written_down() -> None:
    model = Model({**parameters_of('v2'), 'rounds': 3})
    model.train(*prepared(pairs(300)))
    assert model.parameters['share'] == parameters_of('v2')['share']
    assert model.validation_mse is None
