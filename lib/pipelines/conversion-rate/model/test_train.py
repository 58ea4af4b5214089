"""train.py as SageMaker starts it: a process with SM_ variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import inference
import numpy as np
import pytest
import train
from package import HOME, Labelled, versions
from some_rows import FEATURES, LABEL, pairs, write_channel


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    """A handful of rows in both channels."""
    for name in ('model', 'output'):
        (tmp_path / name).mkdir()
    return {
        'SM_HPS': json.dumps({'version': 'v1', 'features': FEATURES, 'label': LABEL, 'problem': 'regression'}),
        'SM_CHANNEL_TRAIN': str(write_channel(tmp_path / 'train', pairs(12))),
        'SM_CHANNEL_VALIDATION': str(write_channel(tmp_path / 'validation', pairs(5, seed=8))),
        'SM_MODEL_DIR': str(tmp_path / 'model'),
        'SM_OUTPUT_DIR': str(tmp_path / 'output'),
    }


def told(given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> str:
    """The line of a training that fails, which is written where SageMaker looks for the reason too."""
    assert train.main(given) == 1
    line = capsys.readouterr().err.strip()
    assert '\n' not in line
    assert (Path(given['SM_OUTPUT_DIR']) / 'failure').read_text() == line
    assert not list(Path(given['SM_MODEL_DIR']).glob('*'))
    return line


def with_hyperparameters(given: dict[str, str], **changes: object) -> dict[str, str]:
    return {**given, 'SM_HPS': json.dumps({**json.loads(given['SM_HPS']), **changes})}


@pytest.mark.parametrize('version', versions())
def test_a_handful_of_rows_trains_a_model_that_can_be_served(version: str, given: dict[str, str]) -> None:
    environment = {**os.environ, **with_hyperparameters(given, version=version)}
    # Like the container: the hyper-parameters are on the command line too.
    command = [sys.executable, str(HOME / 'train.py'), '--features', 'ignored', '--version', version]
    ended = subprocess.run(command, env=environment, cwd=HOME, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    record = json.loads(ended.stdout.splitlines()[-1])
    assert (record['version'], record['train_rows'], record['validation_rows']) == (version, 12, 5)
    assert record['validation_mse'] > 0
    served = inference.model_fn(given['SM_MODEL_DIR'])
    body = ''.join(','.join(repr(float(value)) for value in row) + '\n' for row in pairs(3).rows)
    answer, kind = inference.output_fn(inference.predict_fn(inference.input_fn(body), served))
    assert kind == 'text/csv'
    assert all(0 <= float(line) <= 1 for line in answer.splitlines())
    assert len(answer.splitlines()) == 3


def test_hyper_parameters_of_the_job_overrule_those_of_the_version(given: dict[str, str]) -> None:
    assert train.main(with_hyperparameters(given, version='v2', rounds=2)) == 0
    assert inference.model_fn(given['SM_MODEL_DIR']).model.parameters['rounds'] == 2


def test_several_files_of_a_channel_are_one_set(given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    write_channel(Path(given['SM_CHANNEL_TRAIN']), pairs(4), 'part-00001.parquet')
    assert train.main(given) == 0
    assert json.loads(capsys.readouterr().out)['train_rows'] == 16


@pytest.mark.parametrize('gone', ['variable', 'folder', 'files', 'rows'])
def test_no_validation_rows_are_no_failure(
    gone: str, given: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given['SM_CHANNEL_VALIDATION'] = str(tmp_path / 'other')
    if gone == 'variable':
        del given['SM_CHANNEL_VALIDATION']
    if gone == 'files':
        (tmp_path / 'other').mkdir()
    if gone == 'rows':
        write_channel(tmp_path / 'other', Labelled(np.empty((0, len(FEATURES))), np.empty(0)))
    assert train.main(given) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record['validation_rows'], record['validation_mse']) == (0, None)


class TestMissing:
    def test_everything_that_was_not_given_is_named_at_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert train.main({'SM_HPS': '{"label": "cr"}', 'SM_MODEL_DIR': 'x'}) == 1
        line = capsys.readouterr().err
        assert 'MissingData: missing: hyper-parameter version' in line
        assert 'hyper-parameter features' in line
        assert 'variable SM_CHANNEL_TRAIN' in line
        assert 'label' not in line

    def test_an_unknown_version(self, given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        line = told(with_hyperparameters(given, version='v0'), capsys)
        assert line.startswith("MissingModule: there is no version 'v0'")

    def test_a_channel_without_a_folder_or_a_file(
        self, given: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given['SM_CHANNEL_TRAIN'] = str(tmp_path / 'nowhere')
        assert 'MissingData: channel train: there is no folder' in told(given, capsys)
        (tmp_path / 'nowhere').mkdir()
        assert 'MissingData: channel train: there is no Parquet file in' in told(given, capsys)

    def test_rows(self, given: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        none = Labelled(np.empty((0, len(FEATURES))), np.empty(0))
        given['SM_CHANNEL_TRAIN'] = str(write_channel(tmp_path / 'empty', none))
        assert 'MissingData: channel train: there is no row' in told(given, capsys)


class TestUnfit:
    def test_a_file_that_is_no_parquet(self, given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        (Path(given['SM_CHANNEL_TRAIN']) / 'part-00002.parquet').write_text('entity_id,cr\n')
        assert 'UnreadableData: channel train: part-00002.parquet cannot be read as Parquet' in told(given, capsys)

    def test_columns_that_are_missing_too_many_no_numbers_or_empty(
        self, given: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {'attrs_scale': [0.5], 'computer': ['1'], 'smartphone': [None], 'att5': [1], 'entity_id': [7]}
        table = pa.table({**columns, 'smartphone': pa.array([None], pa.int64()), LABEL: [0.1]})
        pq.write_table(table, str(Path(given['SM_CHANNEL_TRAIN']) / 'part-00002.parquet'))
        line = told(given, capsys)
        assert line.startswith('StructureMismatch: channel train: part-00002.parquet: ')
        for problem in ('att27 is missing', 'entity_id is not among', 'computer is string', 'smartphone is empty in 1'):
            assert problem in line

    def test_features_that_are_no_list(self, given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        line = told(with_hyperparameters(given, features='attrs_scale'), capsys)
        assert "StructureMismatch: the hyper-parameter features is 'attrs_scale'" in line

    def test_hyper_parameters_that_are_no_json(self, given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        given['SM_HPS'] = '{version: v2}'
        assert 'StructureMismatch: SM_HPS is no JSON' in told(given, capsys)

    def test_a_place_where_no_model_can_be_written(
        self, given: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / 'file').write_text('')
        given['SM_MODEL_DIR'] = str(tmp_path / 'file' / 'model')
        assert 'SaveFailed: the folder' in told(given, capsys)
