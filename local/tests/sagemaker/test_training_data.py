"""What AutoML makes of training data: which columns, which problem, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from presage_local.sagemaker import s3files
from presage_local.sagemaker.automl_rules import CONTENT_TYPES
from presage_local.sagemaker.child import JobFailure
from presage_local.sagemaker.engine import automl
from presage_local.sagemaker.engine.encoding import Encoder
from presage_local.sagemaker.engine.objectives import BINARY, MULTICLASS, REGRESSION
from presage_local.sagemaker.engine.problem import UnfitData, infer_problem, read_target
from presage_local.sagemaker.tables import channel
from tests.sagemaker.data import STAGES, buyers, stages


@pytest.mark.parametrize(
    ('table', 'request_', 'reason'),
    [
        (stages(499), {'target': 'stage'}, r'499 rows. At least 500'),
        (stages(600), {'target': 'mood'}, r'target column "mood" is not in the training data'),
        (stages(600).set_column(7, 'stage', pa.array(['x'] * 600)), {'target': 'stage'}, r'only one class'),
        (stages(600), {'target': 'stage', 'problem': BINARY}, r'3 classes, not the two'),
        (buyers(600), {'target': 'bought', 'problem': MULTICLASS}, r'needs at least three'),
        (stages(600), {'target': 'stage', 'problem': REGRESSION, 'metric': 'MSE'}, r'are no numbers'),
        (stages(600), {'target': 'f0', 'problem': REGRESSION}, r'missing values'),
        (buyers(600), {'target': 'bought', 'weight': 'w'}, r'sample weight column "w" is not'),
        (buyers(600), {'target': 'bought', 'features': ['visits', 'age']}, r'lacks: \[.age.\]'),
        (buyers(600).select(['bought']), {'target': 'bought'}, r'no feature column'),
    ],
)
def test_data_that_cannot_be_learned_from_is_named(table: pa.Table, request_: dict[str, str], reason: str) -> None:
    with pytest.raises(UnfitData, match=reason):
        automl.prepare(automl.Request('job', **request_), table)  # type: ignore[arg-type]


@pytest.mark.parametrize('content_type', CONTENT_TYPES)
def test_an_empty_object_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content_type: str) -> None:
    def download(_: Any, __: str, path: Path, *, gzipped: bool) -> Path:
        path.touch()
        return path

    monkeypatch.setattr(s3files, 'objects', lambda *_: [s3files.Object('b', 'rows/part-0', 0, 'part-0')])
    monkeypatch.setattr(s3files, 'download', download)
    config = {'ContentType': content_type, 'DataSource': {'S3DataSource': {'S3Uri': 's3://b/rows/'}}}
    with pytest.raises(JobFailure, match=f's3://b/rows/part-0 could not be read as {re.escape(content_type)}'):
        channel(None, config, tmp_path)


def test_a_validation_class_unknown_to_training_is_named() -> None:
    table = stages(600)
    strange = stages(50, seed=2).set_column(7, 'stage', pa.array([*['lost'] * 10, *[STAGES[0]] * 40]))
    with pytest.raises(UnfitData, match=r"training channel lacks: \['lost'\]"):
        automl.prepare(automl.Request('job', 'stage'), table, strange)


def test_a_feature_specification_chooses_the_columns_in_the_table_s_order() -> None:
    data = automl.prepare(
        automl.Request('job', 'stage', features=['city', 'f3', 'f0'], types={'f3': 'categorical'}), stages(600)
    )
    assert [(f.name, f.kind) for f in data.encoder.features] == [
        ('f0', 'number'),
        ('f3', 'unused'),
        ('city', 'category'),
    ]


def test_text_of_a_record_reads_as_the_column_it_came_from() -> None:
    table = pa.table(
        {
            'n': pa.array([1.5, None, -2.0]),
            'flag': pa.array([True, False, None]),
            'day': pa.array([18_000, 18_001, None], pa.date32()),
            'name': pa.array(['a', 'b', None]),
        }
    )
    encoder = Encoder.fit(table, table.column_names)
    text = [['1.5', '', '-2'], ['true', 'false', ''], ['2019-04-14', '2019-04-15', ''], ['a', 'b', '']]
    from_text = encoder.encode([pa.array(column) for column in text])
    np.testing.assert_array_equal(encoder.encode(table.columns), from_text)
    unseen = encoder.encode([pa.array(['junk']), pa.array(['']), pa.array(['?']), pa.array(['zzz'])])
    assert np.isnan(unseen[0, :3]).all()
    assert unseen[0, 3] == 2  # the code shared by all unseen levels


@pytest.mark.parametrize(
    ('values', 'problem'),
    [([0, 1, 1], BINARY), (['a', 'b', 'c'], MULTICLASS), ([1, 2, 3], MULTICLASS), ([0.5, 1.5, 2.5], REGRESSION)],
)
def test_the_problem_is_guessed_from_the_target(values: list[object], problem: str) -> None:
    assert infer_problem(pa.chunked_array([values])) == problem


def test_a_problem_nobody_named_has_the_objective_that_goes_with_it() -> None:
    data = automl.prepare(automl.Request('job', 'bought'), buyers(600))
    assert (data.target.problem, data.metric) == (BINARY, 'F1')


def test_number_labels_stand_in_the_order_of_their_values() -> None:
    assert read_target(pa.chunked_array([[10, 9, 2]]), 'y', MULTICLASS).labels == ['2', '9', '10']
