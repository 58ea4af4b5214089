"""Which container answers for which endpoint, and what it takes to start one as the model's role."""

import json
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from ..jobs import base_env
from ..service import get_account_id, s3_as, state_dir
from . import s3files
from .child import JobFailure
from .containers import CODE, MODEL
from .frame import Record, child_env, get_region
from .warm import Launch, StartFailure, WarmModel, idle_seconds

# The member of an endpoint's record that says what it answers with: VariantName, Container, Role, ServerlessConfig.
SERVING = '_serving'
_warm: dict[tuple[str, str, str], WarmModel] = {}
_lock = threading.Lock()


def _key(name: str) -> tuple[str, str, str]:
    return get_account_id(), get_region(), name


def answering(record: Record) -> tuple[str, WarmModel] | None:
    """The variant an endpoint answers with and its container, which may have to start yet; None if it has none."""
    name = record['EndpointName']
    with _lock:
        serving = record.get(SERVING)
        if serving is None:
            return None
        if _key(name) not in _warm:
            _warm[_key(name)] = warm_model(name, serving)
        return serving['VariantName'], _warm[_key(name)]


def warm_model(name: str, serving: dict[str, Any]) -> WarmModel:
    """A container for what an endpoint serves, not started yet."""

    def launch() -> Launch:
        spec = {'variant': serving['VariantName'], 'container': serving['Container']}
        below = state_dir() / 'work' / 'endpoint'
        env = {**base_env(), **child_env(serving['Role'], 'endpoint', threads='1')}
        folder = below / f'{name}-{uuid.uuid4().hex[:8]}'
        return Launch(json.dumps(spec), folder, env, lambda to: _stage(serving, env, to), below / f'{name}.log')

    return WarmModel(launch, serving['ServerlessConfig']['MaxConcurrency'])


def _stage(serving: dict[str, Any], env: dict[str, str], folder: Path) -> None:
    """Bring the model's artefact and the code it was submitted with, as the model's role."""
    container = serving['Container']
    url, code = container['ModelDataUrl'], container.get('Environment', {}).get('SAGEMAKER_SUBMIT_DIRECTORY', '')
    s3 = s3_as(env)
    try:
        s3files.download(s3, url, folder / MODEL)
        if code.startswith('s3://'):
            url = code
            s3files.download(s3, url, folder / CODE)
    except JobFailure as failure:
        raise StartFailure(
            f'Failed to download model data for container "primary" from URL: "{url}". Please ensure that there is an '
            'object located at the URL and that the role passed to CreateModel has permissions to download the object. '
            f'({failure})'
        ) from failure


def replace(record: Record, serving: dict[str, Any] | None, new: WarmModel | None) -> None:
    """Let another container answer, or none; the former one ends when its calls are answered."""
    key = _key(record['EndpointName'])
    with _lock:
        former = _warm.pop(key, None)
        if serving is None or new is None:
            record.pop(SERVING, None)
        else:
            record.update({SERVING: serving, 'EndpointConfigName': serving['EndpointConfigName']})
            _warm[key] = new
    if former is not None:
        threading.Thread(target=former.end, daemon=True, name='former endpoint').start()


def watch_idle() -> None:
    """End processes nobody has called for a while, for as long as the server runs."""
    threading.Thread(target=_end_idle, daemon=True, name='idle endpoints').start()


def _end_idle() -> None:
    while True:
        seconds = idle_seconds()
        time.sleep(min(max(seconds / 4, 0.1), 30))
        with _lock:
            models = list(_warm.values())
        for model in models:
            model.end_if_idle(seconds)
