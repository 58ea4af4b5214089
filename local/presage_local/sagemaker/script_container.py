"""AWS's scikit-learn container as batch transform sees it: model_fn, input_fn, predict_fn, output_fn of a script.

Source of the rules: sagemaker-scikit-learn-container (default_handler_service) and sagemaker-containers (encoders).
There is no default model_fn; the default input_fn reads CSV as float32, which is wrong for ids and names.
"""

import csv
import importlib.util
import io
import os
import sys
import tarfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa

from . import s3files
from .child import JobFailure
from .engine.scoring import BadRecord, Processing, Scorer, quoted

_CSV = 'text/csv'


def unpack(archive: Path, folder: Path, what: str) -> Path:
    """Unpack a tar.gz, refusing members that would leave the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, 'r:gz') as content:
            content.extractall(folder, filter='data')
    except (tarfile.TarError, OSError, EOFError) as error:
        raise JobFailure(f'ClientError: {what} is no tar.gz archive: {error}') from error
    return folder


def refuse_requirements(code: Path) -> None:
    """On AWS the container installs them from the internet; here that would change this machine's packages."""
    if (code / 'requirements.txt').exists():
        raise JobFailure('AlgorithmError: requirements.txt: the local cloud does not install packages for a script')


def _default_input(body: str, content_type: str) -> Any:
    if content_type != _CSV:
        raise ValueError(f'Content type {content_type} is not supported by this framework.')
    return np.genfromtxt(io.StringIO(body), dtype=None, delimiter=',', encoding='utf-8').astype(np.float32)


def _default_predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def _default_output(prediction: Any, accept: str) -> str:
    if accept != _CSV:
        raise ValueError(f'Accept type {accept} is not supported by this script')
    out = io.StringIO()
    np.savetxt(out, np.asarray(prediction), delimiter=',', fmt='%s')
    return out.getvalue()


class Script:
    """The user's module with its model loaded; `answer` is one request to the container."""

    def __init__(self, module: ModuleType, model_dir: Path) -> None:
        self.module = module
        if not hasattr(module, 'model_fn'):
            raise JobFailure(
                'ClientError: the model container did not start: NotImplementedError: Please provide a model_fn '
                'implementation.'
            )
        self.model = module.model_fn(str(model_dir))

    def _function(self, name: str, default: Callable[..., Any]) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self.module, name, default)
        return found

    def answer(self, body: str) -> str:
        """CSV records in, CSV records out."""
        if hasattr(self.module, 'transform_fn'):
            given = self.module.transform_fn(self.model, body, _CSV, _CSV)
        else:
            data = self._function('input_fn', _default_input)(body, _CSV)
            prediction = self._function('predict_fn', _default_predict)(data, self.model)
            given = self._function('output_fn', _default_output)(prediction, _CSV)
        text = given[0] if isinstance(given, tuple) else given
        return text.decode('utf-8') if isinstance(text, bytes) else str(text)


def _import(code: Path, program: str) -> ModuleType:
    path = code / program
    if not path.exists():
        raise JobFailure(f'ClientError: the model container did not start: {program} is not in the submitted archive')
    sys.path.insert(0, str(code.resolve()))
    name = Path(program).stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_script(archive: Path, environment: dict[str, str]) -> Script:
    """Start the container: unpack model and code, import the program, call model_fn."""
    model_dir = unpack(archive, Path('ml', 'model').resolve(), 'ModelDataUrl')
    program = environment.get('SAGEMAKER_PROGRAM', '')
    submitted = environment.get('SAGEMAKER_SUBMIT_DIRECTORY', '')
    if not program:
        raise JobFailure('ClientError: the model container did not start: SAGEMAKER_PROGRAM is not set')
    if submitted.startswith('s3://'):
        packed = s3files.download(s3files.client(), submitted, Path('ml', 'sourcedir.tar.gz'))
        code = unpack(packed, Path('ml', 'code'), 'SAGEMAKER_SUBMIT_DIRECTORY')
    else:
        code = model_dir / 'code'
    refuse_requirements(code)
    os.environ.update(environment, SM_MODEL_DIR=str(model_dir))
    try:
        return Script(_import(code, program), model_dir)
    except JobFailure:
        raise
    except Exception as error:
        traceback.print_exc()
        raise JobFailure(
            f'ClientError: the model container did not start: {program}: {type(error).__name__}: {error}'
        ) from error


def script_scorer(
    archive: Path, environment: dict[str, str], processing: Processing, limit: int, *, one_by_one: bool = False
) -> Scorer:
    """A scorer that sends filtered records as CSV to the script, a payload at a time or each alone."""
    script = load_script(archive, environment)

    def ask(body: str, records: int) -> list[list[str]]:
        try:
            answered = list(csv.reader(io.StringIO(script.answer(body))))
        except Exception as error:
            traceback.print_exc()
            raise BadRecord(f'the script raised {type(error).__name__}: {error}') from error
        if len(answered) != records:
            raise BadRecord(f'the container answered {len(answered)} records to {records}')
        if len({len(row) for row in answered}) > 1:
            raise BadRecord('the container answered records of different lengths')
        return answered

    def score(columns: list[pa.ChunkedArray]) -> list[list[str]]:
        fields = [[quoted(v or '') for v in column.to_pylist()] for column in columns]
        lines = [','.join(row) for row in zip(*fields, strict=True)]
        if one_by_one:
            answered = [row for line in lines for row in ask(f'{line}\n', 1)]
        else:
            answered = ask('\n'.join(lines) + '\n', len(lines))
        return [list(column) for column in zip(*answered, strict=True)]

    return Scorer(score, None, processing, limit, limit)
