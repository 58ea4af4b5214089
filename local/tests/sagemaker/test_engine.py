"""The AutoML search and its models, on arrays and tables."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from presage_local.sagemaker.engine import answers, automl, bundle, decide
from presage_local.sagemaker.engine.candidates import candidates
from presage_local.sagemaker.engine.metrics import all_metrics, score
from presage_local.sagemaker.engine.objectives import BINARY, MULTICLASS, REGRESSION
from presage_local.sagemaker.engine.problem import UnfitData
from presage_local.sagemaker.engine.search import Limits, Outcome
from tests.sagemaker.data import STAGES, buyers, prices, stages


def trained(table: pa.Table, target: str, **more: object) -> tuple[bundle.Model, Outcome]:
    validation = more.pop('validation', None)
    request = automl.Request('job', target, **more)  # type: ignore[arg-type]
    model, outcome = automl.train(automl.prepare(request, table, validation))  # type: ignore[arg-type]
    assert model is not None
    return model, outcome


def predicted(model: bundle.Model, table: pa.Table) -> np.ndarray:
    return model.predict([table[name] for name in model.encoder.names])


def truth(model: bundle.Model, table: pa.Table) -> np.ndarray:
    return np.array([model.labels.index(str(v)) for v in table[model.target].to_pylist()])


@pytest.fixture(scope='module')
def stage_model() -> tuple[bundle.Model, Outcome]:
    return trained(
        stages(900),
        'stage',
        problem=MULTICLASS,
        metric='F1macro',
        validation=stages(1200, seed=2),
        limits=Limits(max_candidates=4),
    )


def test_three_classes_are_told_apart_far_better_than_by_the_majority(
    stage_model: tuple[bundle.Model, Outcome],
) -> None:
    model, _ = stage_model
    unseen = stages(600, seed=3)
    majority = np.tile([1.0, 0.0, 0.0], (600, 1))
    assert score('F1macro', truth(model, unseen), predicted(model, unseen)) > 0.65
    assert score('F1macro', truth(model, unseen), majority) < 0.3


def test_the_reported_metric_is_near_what_unseen_rows_give(stage_model: tuple[bundle.Model, Outcome]) -> None:
    model, outcome = stage_model
    unseen = stages(3000, seed=4)
    assert outcome.best is not None
    assert score('F1macro', truth(model, unseen), predicted(model, unseen)) == pytest.approx(
        outcome.best.value, abs=0.06
    )


def test_a_rare_buyer_is_ranked_high() -> None:
    model, outcome = trained(buyers(1200), 'bought', problem=BINARY, metric='AUC', limits=Limits(max_candidates=2))
    unseen = buyers(2000, seed=5)
    assert score('AUC', truth(model, unseen), predicted(model, unseen)) > 0.8
    assert model.labels == ['0', '1']
    assert list(outcome.multipliers) == [1.0, 1.0]


def test_a_price_is_predicted_within_its_noise() -> None:
    model, _ = trained(prices(800), 'price', problem=REGRESSION, metric='RMSE', limits=Limits(max_candidates=2))
    unseen = prices(500, seed=6)
    error = score('RMSE', np.array(unseen['price'].to_pylist()), predicted(model, unseen))
    assert error < 20  # the noise alone is 10, the spread of the prices 165


def test_the_same_job_gives_the_same_model() -> None:
    table, limits = stages(600), Limits(max_candidates=1)
    first, second = (trained(table, 'stage', metric='F1macro', problem=MULTICLASS, limits=limits) for _ in range(2))
    assert np.array_equal(predicted(first[0], table), predicted(second[0], table))


def test_macro_f1_gains_from_moving_the_decision_towards_rare_classes() -> None:
    rng = np.random.default_rng(0)
    prior = np.array([0.8, 0.15, 0.05])
    real = rng.choice(3, 4000, p=prior)
    evidence = np.exp(rng.normal(size=(4000, 3)) + 1.5 * np.eye(3)[real]) * prior
    p = evidence / evidence.sum(axis=1, keepdims=True)
    multipliers, judged = decide.tune('F1macro', real, p, prior)
    assert score('F1macro', real, judged) > score('F1macro', real, p) + 0.02
    assert multipliers[2] > multipliers[0]


def test_a_decision_chosen_on_noise_does_not_flatter_itself() -> None:
    rng = np.random.default_rng(1)
    real, p = rng.integers(0, 5, 400), rng.dirichlet(np.ones(5) * 30, 400)
    _, judged = decide.tune('F1macro', real, p, np.bincount(real, minlength=5) / 400)
    assert score('F1macro', real, judged) < 0.26  # guessing among five gives 0.2


def test_accuracy_leaves_the_probabilities_alone() -> None:
    p = np.array([[0.6, 0.4], [0.3, 0.7]])
    multipliers, judged = decide.tune('Accuracy', np.array([0, 1]), p, np.array([0.9, 0.1]))
    assert list(multipliers) == [1.0, 1.0]
    assert judged is p


@pytest.mark.parametrize('metric', ['Accuracy', 'BalancedAccuracy', 'F1macro', 'PrecisionMacro', 'RecallMacro'])
def test_metrics_agree_with_scikit_learn(metric: str) -> None:
    from sklearn import metrics as known

    rng = np.random.default_rng(2)
    real, p = rng.integers(0, 3, 200), rng.dirichlet([1, 1, 1], 200)
    guess = p.argmax(axis=1)
    expected = {
        'Accuracy': known.accuracy_score(real, guess),
        'BalancedAccuracy': known.balanced_accuracy_score(real, guess),
        'F1macro': known.f1_score(real, guess, average='macro'),
        'PrecisionMacro': known.precision_score(real, guess, average='macro'),
        'RecallMacro': known.recall_score(real, guess, average='macro'),
    }
    assert all_metrics(MULTICLASS, real, p)[metric] == pytest.approx(expected[metric])


def test_the_candidate_limit_is_kept() -> None:
    _, outcome = trained(buyers(600), 'bought', metric='AUC', problem=BINARY, limits=Limits(max_candidates=2))
    assert [len(outcome.trials), outcome.ended] == [2, 'MaxCandidatesReached']


def test_a_short_time_limit_ends_with_a_candidate_all_the_same() -> None:
    started = time.monotonic()
    _, outcome = trained(
        stages(6000, features=60), 'stage', metric='F1macro', problem=MULTICLASS, limits=Limits(started + 3)
    )
    assert outcome.ended == 'MaxAutoMLJobRuntimeReached'
    assert len(outcome.trials) < len(candidates(MULTICLASS, 6000))
    assert time.monotonic() - started < 6


def test_no_time_at_all_gives_no_model() -> None:
    data = automl.prepare(automl.Request('job', 'bought', limits=Limits(time.monotonic() - 1)), buyers(600))
    model, outcome = automl.train(data)
    assert model is None
    assert outcome.ended == 'MaxAutoMLJobRuntimeReached'


def test_row_weights_pull_the_prediction_towards_heavy_rows() -> None:
    rng = np.random.default_rng(3)
    side = rng.integers(0, 2, 800)
    weights = np.where(side == 1, 50.0, 1.0)
    table = pa.table({'x': rng.normal(size=800), 'y': side * 10.0 + rng.normal(size=800), 'w': weights})
    limits = Limits(max_candidates=2)
    plain, _ = trained(table.drop_columns(['w']), 'y', problem=REGRESSION, metric='MSE', limits=limits)
    heavy, _ = trained(table, 'y', problem=REGRESSION, metric='MSE', weight='w', limits=limits)
    assert heavy.encoder.names == ['x']
    assert predicted(plain, table).mean() < 6 < 9 < predicted(heavy, table).mean()


def test_a_saved_model_predicts_as_before(stage_model: tuple[bundle.Model, Outcome], tmp_path: Path) -> None:
    model, _ = stage_model
    bundle.save(model, tmp_path / 'model.tar.gz')
    again = bundle.load(tmp_path / 'model.tar.gz')
    table = stages(50, seed=7)
    np.testing.assert_allclose(predicted(again, table), predicted(model, table))


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'model.tar.gz').write_bytes(b'not an archive')
    with pytest.raises(bundle.BrokenModel):
        bundle.load(tmp_path / 'model.tar.gz')


def test_probabilities_and_labels_share_an_order_that_is_not_the_classes_own(
    stage_model: tuple[bundle.Model, Outcome],
) -> None:
    import ast

    model, _ = stage_model
    table = stages(40, seed=8)
    label, p, names = answers.answer(
        model,
        predicted(model, table),
        answers.wanted({'SAGEMAKER_INFERENCE_OUTPUT': 'predicted_label, probabilities,labels'}),
    )
    for one_label, one_p, one_names in zip(label, p, names, strict=True):
        pairs = dict(zip(ast.literal_eval(one_names), ast.literal_eval(one_p), strict=True))
        assert max(pairs, key=lambda k: pairs[k]) == one_label
        assert sum(pairs.values()) == pytest.approx(1)
        assert set(pairs) == set(STAGES)
    orders = set()
    for job in range(12):
        model.shuffled = automl.label_order(f'job-{job}', 3)
        orders.add(tuple(model.shuffled))
    assert len(orders) > 2


def test_without_libomp_scikit_learn_s_boosting_takes_lightgbm_s_place(monkeypatch: pytest.MonkeyPatch) -> None:
    from presage_local.sagemaker.engine import candidates as listing

    monkeypatch.setattr(listing, 'have_lightgbm', lambda: False)
    assert not any('LightGBM' in c.name for c in listing.candidates(MULTICLASS, 20_000))
    model, outcome = trained(buyers(600), 'bought', problem=BINARY, metric='AUC', limits=Limits(max_candidates=1))
    assert outcome.trials[0].name == 'HistogramTrees'
    assert predicted(model, buyers(10)).shape == (10, 2)


def test_a_candidate_that_fails_does_not_fail_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    from presage_local.sagemaker.engine.estimators import BoostedTrees

    def broken(*_: object) -> None:
        raise RuntimeError('no trees today')

    monkeypatch.setattr(BoostedTrees, 'fit', broken)
    _, outcome = trained(buyers(600), 'bought', problem=BINARY, metric='AUC', limits=Limits(max_candidates=2))
    assert [trial.name for trial in outcome.trials] == ['Linear']
    assert outcome.failures == ['LightGBM_Small: RuntimeError: no trees today']


def test_autogluon_asked_for_but_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from presage_local.sagemaker.engine.autogluon import train_with_autogluon

    monkeypatch.setitem(sys.modules, 'autogluon.tabular', None)
    with pytest.raises(UnfitData, match=r'pip install "autogluon.tabular'):
        train_with_autogluon(automl.prepare(automl.Request('job', 'bought'), buyers(600)))


def test_an_output_the_container_does_not_know_is_refused() -> None:
    with pytest.raises(answers.UnknownOutput, match='odds'):
        answers.wanted({'SAGEMAKER_INFERENCE_OUTPUT': 'predicted_label,odds'})
    assert answers.wanted({}) == ['predicted_label']
