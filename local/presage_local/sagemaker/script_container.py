"""AWS's scikit-learn container as callers see it: model_fn, input_fn, predict_fn, output_fn of a script.

Source of the rules: sagemaker-scikit-learn-container (default_handler_service) and sagemaker-containers (encoders,
transformer, worker). There is no default model_fn; the default input_fn reads CSV as float32, which is wrong for ids
and names; who says nothing of types means JSON; what output_fn answers without a type is text/html, as Flask has it.
"""

import importlib.util
import io
import json
import os
import sys
import tarfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from .child import JobFailure
from .containers import CODE, Reply

_CSV, _JSON = 'text/csv', 'application/json'
_DEFAULT_ACCEPT = 'SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT'


class UnsupportedFormat(ValueError):
    """The container's own functions do not know a type; `status` is what it answers."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


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
    import numpy as np  # here and below: a script that brings its own functions may do without

    if content_type == _JSON:
        return np.array(json.loads(body)).astype(np.float32)
    if content_type != _CSV:
        raise UnsupportedFormat(415, f'Content type {content_type} is not supported by this framework.')
    return np.genfromtxt(io.StringIO(body), dtype=None, delimiter=',', encoding='utf-8').astype(np.float32)


def _default_predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def _default_output(prediction: Any, accept: str) -> tuple[str, str]:
    import numpy as np

    if accept == _JSON:
        return json.dumps(np.asarray(prediction).tolist()), accept
    if accept != _CSV:
        raise UnsupportedFormat(406, f'Accept type {accept} is not supported by this framework.')
    out = io.StringIO()
    np.savetxt(out, np.asarray(prediction), delimiter=',', fmt='%s')
    return out.getvalue(), accept


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

    def _asked(self, body: str | bytes, content_type: str, accept: str) -> tuple[Any, str]:
        """What the script answers, and the type of it."""
        if hasattr(self.module, 'transform_fn'):
            given = self.module.transform_fn(self.model, body, content_type, accept)
        else:
            data = self._function('input_fn', _default_input)(body, content_type)
            prediction = self._function('predict_fn', _default_predict)(data, self.model)
            given = self._function('output_fn', _default_output)(prediction, accept)
        return (given[0], str(given[1])) if isinstance(given, tuple) else (given, 'text/html')

    def answer(self, body: str) -> str:
        """CSV records in, CSV records out."""
        text, _ = self._asked(body, _CSV, _CSV)
        return text.decode('utf-8') if isinstance(text, bytes) else str(text)

    def respond(self, body: bytes, content_type: str, accept: str) -> Reply:
        """One call of an endpoint. 500 with the exception's text (AWS keeps that in its log) if the script raises."""
        kind = content_type or _JSON
        wanted = accept if accept not in ('', '*/*') else os.environ.get(_DEFAULT_ACCEPT, _JSON)
        try:
            given = body.decode('utf-8') if kind.split(';')[0].strip() in (_CSV, _JSON) else body
            found, found_type = self._asked(given, kind, wanted)
        except UnsupportedFormat as error:
            return Reply.text(error.status, str(error))
        except Exception as error:
            traceback.print_exc()
            return Reply.text(500, f'{type(error).__name__}: {error}')
        charset = '; charset=utf-8' if found_type.startswith('text/') and 'charset' not in found_type else ''
        return Reply(200, found_type + charset, found if isinstance(found, bytes) else str(found).encode('utf-8'))


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
        packed = Path(CODE)
        if not packed.exists():  # it is there already where the server brought it
            from . import s3files

            s3files.download(s3files.client(), submitted, packed)
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
