"""inference.py as the container calls it."""

from __future__ import annotations

import json
from pathlib import Path

import inference
import numpy as np
import pytest
from package import (
    MissingData,
    MissingModel,
    MissingModule,
    PredictionFailed,
    StructureMismatch,
    UnreadableData,
    Version,
    load_version,
)
from record import Record, read_record, write_record
from some_rows import FEATURES, LABEL, pairs


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A trained v1 as train.py leaves it."""
    version = load_version('v1')
    model = version.Model(version.parameters)
    rows = pairs(40)
    model.train(version.prepare(rows.rows, FEATURES), rows.label)
    model.save(tmp_path)
    write_record(tmp_path, Record('v1', list(FEATURES), LABEL, 40, 0, None))
    return tmp_path


def test_a_request_is_answered_a_number_a_line_in_its_order(model_dir: Path) -> None:
    served = inference.model_fn(str(model_dir))
    body = '0.25,1,0,1,0\n0.75,0,1,0,1\n'
    answer, kind = inference.output_fn(inference.predict_fn(inference.input_fn(body, 'text/csv'), served), 'text/csv')
    expected = served.model.predict(np.array([[0.25, 1, 0, 1, 0], [0.75, 0, 1, 0, 1]]))
    assert kind == 'text/csv'
    assert [float(line) for line in answer.splitlines()] == expected.tolist()


def test_numbers_are_read_in_double_precision() -> None:
    packed = 0.45336915925190624
    assert inference.input_fn(f'{packed!r},1\n'.encode(), 'text/csv; charset=utf-8').tolist() == [[packed, 1.0]]


class TestRefused:
    @pytest.mark.parametrize('body', ['0.5,x\n', '0.5,\n', '0.5,1\n0.5\n', b'\xff\xfe\n'])
    def test_a_body_that_is_no_table_of_numbers(self, body: str | bytes) -> None:
        with pytest.raises(UnreadableData, match='no CSV of numbers'):
            inference.input_fn(body, 'text/csv')

    def test_another_content_type(self) -> None:
        with pytest.raises(UnreadableData, match='application/json, use text/csv'):
            inference.input_fn('[]', 'application/json')

    def test_another_answer(self) -> None:
        with pytest.raises(PredictionFailed, match='as application/json'):
            inference.output_fn(np.zeros(1), 'application/json')

    def test_an_empty_request(self) -> None:
        with pytest.raises(MissingData, match='no rows'):
            inference.input_fn('\n', 'text/csv')

    def test_rows_of_other_columns(self, model_dir: Path) -> None:
        served = inference.model_fn(str(model_dir))
        with pytest.raises(StructureMismatch, match='2 columns, the model wants 5: attrs_scale, computer'):
            inference.predict_fn(np.zeros((1, 2)), served)

    def test_a_value_that_is_no_number(self, model_dir: Path) -> None:
        served = inference.model_fn(str(model_dir))
        with pytest.raises(StructureMismatch, match='smartphone of row 1 is nan'):
            inference.predict_fn(inference.input_fn('0.5,1,0,1,0\n0.5,1,nan,1,0\n'), served)


class TestMissing:
    def test_a_model_folder_without_a_model(self, tmp_path: Path) -> None:
        with pytest.raises(MissingModel, match=r'model\.json is missing'):
            inference.model_fn(str(tmp_path))

    def test_a_record_without_its_model(self, model_dir: Path) -> None:
        (model_dir / 'model.joblib').unlink()
        with pytest.raises(MissingModel, match='no model of v1'):
            inference.model_fn(str(model_dir))

    @pytest.mark.parametrize('text', ['{', '{"version": "v1"}', '[]'])
    def test_a_record_that_cannot_be_read(self, model_dir: Path, text: str) -> None:
        (model_dir / 'model.json').write_text(text)
        with pytest.raises(MissingModel, match=r'model\.json cannot be read'):
            read_record(model_dir)

    def test_the_version_that_has_trained_it(self, model_dir: Path) -> None:
        record = json.loads((model_dir / 'model.json').read_text())
        (model_dir / 'model.json').write_text(json.dumps({**record, 'version': 'v0'}))
        with pytest.raises(MissingModule, match="no version 'v0'"):
            inference.model_fn(str(model_dir))


class TestPrediction:
    @pytest.fixture
    def served(self, model_dir: Path) -> inference.Served:
        return inference.model_fn(str(model_dir))

    def test_an_algorithm_that_gives_up_is_told_of(
        self, served: inference.Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def give_up(self: object, rows: object) -> None:
            raise ValueError('out of trees')

        monkeypatch.setattr(type(served.model), 'estimate', give_up)
        with pytest.raises(PredictionFailed, match='v1 cannot predict 1 x 5 numbers: out of trees'):
            inference.predict_fn(np.zeros((1, 5)), served)

    @pytest.mark.parametrize(
        ('answers', 'message'), [([0.1], 'answered 1 numbers to 2 rows'), ([0.1, np.nan], 'row 1')]
    )
    def test_answers_that_are_none_are_refused(
        self, served: inference.Served, monkeypatch: pytest.MonkeyPatch, answers: list[float], message: str
    ) -> None:
        monkeypatch.setattr(type(served.model), 'estimate', lambda self, rows: np.array(answers))
        with pytest.raises(PredictionFailed, match=message):
            inference.predict_fn(np.zeros((2, 5)), served)

    def test_the_version_prepares_the_rows(self, served: inference.Served) -> None:
        doubled = Version('v1', served.version.Model, lambda rows, features: rows * 2, {})
        rows = pairs(3).rows
        changed = inference.predict_fn(rows, served._replace(version=doubled))
        assert np.array_equal(changed, inference.predict_fn(rows * 2, served))
