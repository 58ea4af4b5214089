"""Every version that has a folder here, now or later, has to be what package.py says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import package
import pytest
from package import HOME, Labelled, MissingModel, MissingModule, SaveFailed, Version, load_version, versions
from some_rows import FEATURES, pairs

# What AWS's scikit-learn container 1.2-1 has; nothing else can be installed there without the internet.
CONTAINER = {'joblib', 'numpy', 'pandas', 'pyarrow', 'scikit-learn', 'scipy'}


@pytest.fixture(params=versions())
def version(request: pytest.FixtureRequest) -> Version:
    return load_version(request.param)


def prepared(version: Version, labelled: Labelled) -> Labelled:
    return Labelled(version.prepare(labelled.rows, FEATURES), labelled.label)


def trained(version: Version, count: int = 600) -> package.Model:
    model = version.Model(version.parameters)
    model.train(*prepared(version, pairs(count)))
    return model


def test_there_is_a_version_to_find() -> None:
    assert versions()[:2] == ['v1', 'v2']


def test_a_version_is_a_model_that_says_its_own_name(version: Version) -> None:
    assert issubclass(version.Model, package.Model)
    assert version.Model.version == version.name
    for method in ('train', 'score', 'predict', 'save', 'load'):
        assert callable(getattr(version.Model, method))


def test_a_version_has_a_test_and_uses_what_the_container_has(version: Version) -> None:
    folder = HOME / version.name
    assert (folder / f'test_{version.name}.py').is_file()
    lines = (folder / 'requirements.txt').read_text().split()
    assert {re.split(r'[<>=~!]', line)[0] for line in lines} <= CONTAINER


def test_prepared_rows_are_finite_numbers_one_row_for_one(version: Version) -> None:
    rows = version.prepare(pairs(20).rows, FEATURES)
    assert rows.shape[0] == 20
    assert rows.dtype == float
    assert np.isfinite(rows).all()


def test_preparing_a_row_needs_no_other_row(version: Version) -> None:
    rows = pairs(20).rows
    alone = [version.prepare(rows[place : place + 1], FEATURES)[0] for place in range(20)]
    assert np.array_equal(version.prepare(rows, FEATURES), np.stack(alone))


def test_preparing_leaves_the_rows_as_they_are(version: Version) -> None:
    rows = pairs(20).rows
    before = rows.copy()
    version.prepare(rows, FEATURES)
    assert np.array_equal(rows, before)


def test_predictions_are_probabilities_one_a_row(version: Version) -> None:
    answers = trained(version).predict(prepared(version, pairs(50, seed=8)).rows)
    assert answers.shape == (50,)
    assert ((answers >= 0) & (answers <= 1)).all()


def test_a_model_learns_more_than_the_mean(version: Version) -> None:
    unseen = prepared(version, pairs(400, seed=8))
    guess = float(np.mean((unseen.label - pairs(600).label.mean()) ** 2))
    assert trained(version).score(*unseen) < 0.8 * guess


def test_the_score_is_the_mean_squared_error(version: Version) -> None:
    model, rows = trained(version), prepared(version, pairs(50, seed=8))
    assert model.score(*rows) == pytest.approx(float(np.mean((model.predict(rows.rows) - rows.label) ** 2)))


def test_training_twice_gives_the_same_model(version: Version) -> None:
    rows = prepared(version, pairs(50, seed=8)).rows
    assert np.array_equal(trained(version).predict(rows), trained(version).predict(rows))


def test_validation_rows_judge_the_model_and_are_learned_from(version: Version) -> None:
    model = version.Model(version.parameters)
    model.train(*prepared(version, pairs(400)), prepared(version, pairs(200, seed=9)))
    assert model.validation_mse is not None
    assert 0 < model.validation_mse < 1
    rows = prepared(version, pairs(50, seed=8)).rows
    alone = version.Model(model.parameters)
    alone.train(*prepared(version, pairs(400)))
    assert not np.array_equal(model.predict(rows), alone.predict(rows))


def test_a_handful_of_rows_is_enough_to_train(version: Version) -> None:
    model = version.Model(version.parameters)
    model.train(*prepared(version, pairs(6)), prepared(version, pairs(2, seed=9)))
    assert len(model.predict(prepared(version, pairs(3, seed=8)).rows)) == 3


def test_a_loaded_model_answers_as_the_saved_one(version: Version, tmp_path: Path) -> None:
    model, rows = trained(version), prepared(version, pairs(50, seed=8)).rows
    model.save(tmp_path)
    assert np.array_equal(version.Model.load(tmp_path).predict(rows), model.predict(rows))


def test_an_untrained_model_neither_predicts_nor_is_saved(version: Version, tmp_path: Path) -> None:
    model = version.Model(version.parameters)
    with pytest.raises(MissingModel, match=f'{version.name} has not been trained'):
        model.predict(np.zeros((1, 1)))
    with pytest.raises(SaveFailed, match='nothing to save'):
        model.save(tmp_path)


def test_a_model_that_is_not_there_is_named(version: Version, tmp_path: Path) -> None:
    with pytest.raises(MissingModel, match=f'no model of {version.name} at .*model.joblib'):
        version.Model.load(tmp_path)
    (tmp_path / 'model.joblib').write_bytes(b'no model')
    with pytest.raises(MissingModel, match='cannot be read'):
        version.Model.load(tmp_path)


def test_a_folder_that_is_not_there_cannot_be_saved_to(version: Version, tmp_path: Path) -> None:
    with pytest.raises(SaveFailed, match=r'cannot be saved at .*nowhere'):
        trained(version).save(tmp_path / 'nowhere')


def test_an_unknown_version_is_answered_with_those_there_are() -> None:
    with pytest.raises(MissingModule, match=r"no version 'v0' .*there are v1, v2"):
        load_version('v0')


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of versions with one in it: v901, which nobody has imported yet."""
    monkeypatch.setattr(package, 'HOME', tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / 'v901'
    folder.mkdir()
    yield folder
    import sys

    sys.modules.pop('v901', None)


def test_a_module_that_is_missing_is_named_with_who_needs_it(broken: Path) -> None:
    (broken / '__init__.py').write_text('import boosted_unicorns\n')
    with pytest.raises(MissingModule, match=r'module boosted_unicorns is missing.*v901 needs it'):
        load_version('v901')


def test_a_version_without_its_parts_is_told_which(broken: Path) -> None:
    (broken / '__init__.py').write_text('class Model: pass\n')
    with pytest.raises(MissingModule, match='lacks prepare'):
        load_version('v901')


SCRIPTS = sorted(path for path in HOME.rglob('*.py') if not path.name.startswith('test_'))


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: str(path.relative_to(HOME)))
def test_what_runs_in_the_container_has_the_syntax_of_its_python(path: Path) -> None:
    ast.parse(path.read_text(encoding='utf-8'), feature_version=(3, 8))
