"""The process of a script-mode training job: stage channels and code, run the entry point, pack what it wrote.

The folders stand in the job's own folder instead of /opt/ml; a script finds them through the SM_ variables, as the
container's documentation tells it to.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import time
from collections import deque
from pathlib import Path
from typing import Any

from . import s3files
from .child import JobFailure, report, run
from .script_container import refuse_requirements, unpack

_OWN = ('sagemaker_program', 'sagemaker_submit_directory', 'sagemaker_region', 'sagemaker_job_name')
# AWS gives a script 120 seconds after SIGTERM; a laptop need not wait so long for one that ignores it.
_GRACE_SECONDS = 10


def _decoded(value: str) -> Any:
    """A hyper-parameter: JSON as the SDK writes it, else the text itself."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def arguments(parameters: dict[str, Any]) -> list[str]:
    """The command line the container makes of hyper-parameters: sorted, `-a` for one letter, `--name` for more."""
    found: list[str] = []
    for name in sorted(parameters):
        found += [f'-{name}' if len(name) == 1 else f'--{name}', _text(parameters[name])]
    return found


class TrainingProcess:
    def __init__(self, spec: dict[str, Any]) -> None:
        self.request: dict[str, Any] = spec['request']
        self.deadline: float | None = spec.get('deadline')
        self.s3 = s3files.client()
        self.home = Path('ml').resolve()
        self.transitions: list[dict[str, Any]] = []
        self.parameters = {n: _decoded(v) for n, v in self.request.get('HyperParameters', {}).items()}
        self.ended = 'Completed'

    def _step(self, status: str, message: str) -> None:
        now = time.time()
        if self.transitions:
            self.transitions[-1]['EndTime'] = now
        self.transitions.append({'Status': status, 'StartTime': now, 'StatusMessage': message})
        report({'transitions': self.transitions})

    def work(self) -> None:
        for part in ('model', 'output/data', 'input/config', 'input/data', 'code'):
            (self.home / part).mkdir(parents=True)
        self._step('Downloading', 'Downloading input data')
        channels = self._channels()
        program = self._code()
        self._step('Training', 'Training image download completed. Training in progress.')
        reason = self._train(program, channels)
        metrics = self._metrics()
        if reason:
            report({'transitions': self.transitions, 'metrics': metrics})
            raise JobFailure(reason)
        self._step('Uploading', 'Uploading generated training model')
        artefact = self._upload()
        report({'transitions': self.transitions, 'artefact': artefact, 'metrics': metrics, 'ended': self.ended})

    def _channels(self) -> list[str]:
        names = []
        for config in self.request.get('InputDataConfig', []):
            name = config['ChannelName']
            folder = self.home / 'input' / 'data' / name
            folder.mkdir()
            for item in s3files.objects(self.s3, config['DataSource']['S3DataSource']):
                if item.key.endswith('/') and item.size == 0:
                    continue
                packed = config.get('CompressionType') == 'Gzip'
                s3files.download(self.s3, item.uri, folder / item.name, gzipped=packed)
            names.append(name)
        return names

    def _code(self) -> str:
        program, submitted = (self.parameters.get(n) for n in _OWN[:2])
        if not program or not submitted:
            raise JobFailure('ClientError: HyperParameters must name sagemaker_program and sagemaker_submit_directory')
        packed = s3files.download(self.s3, str(submitted), self.home / 'sourcedir.tar.gz')
        code = unpack(packed, self.home / 'code', 'sagemaker_submit_directory')
        refuse_requirements(code)
        if not (code / str(program)).exists():
            raise JobFailure(f'ClientError: {program} is not in the submitted archive')
        return str(program)

    def _environment(self, program: str, channels: list[str], own: dict[str, Any]) -> dict[str, str]:
        home = self.home
        resources = {'current_host': 'algo-1', 'hosts': ['algo-1'], 'network_interface_name': 'eth0'}
        inputs = {name: {'TrainingInputMode': 'File'} for name in channels}
        config = home / 'input' / 'config'
        (config / 'hyperparameters.json').write_text(json.dumps(self.request.get('HyperParameters', {})))
        (config / 'resourceconfig.json').write_text(json.dumps(resources))
        (config / 'inputdataconfig.json').write_text(json.dumps(inputs))
        told = {
            'SM_MODEL_DIR': str(home / 'model'),
            'SM_INPUT_DIR': str(home / 'input'),
            'SM_INPUT_CONFIG_DIR': str(config),
            'SM_OUTPUT_DIR': str(home / 'output'),
            'SM_OUTPUT_DATA_DIR': str(home / 'output' / 'data'),
            'SM_CHANNELS': json.dumps(channels),
            'SM_HPS': json.dumps(own),
            'SM_USER_ARGS': json.dumps(arguments(own)),
            'SM_USER_ENTRY_POINT': program,
            'SM_MODULE_NAME': Path(program).stem,
            'SM_MODULE_DIR': str(self.parameters['sagemaker_submit_directory']),
            'SM_RESOURCE_CONFIG': json.dumps(resources),
            'SM_INPUT_DATA_CONFIG': json.dumps(inputs),
            'SM_CURRENT_HOST': 'algo-1',
            'SM_HOSTS': '["algo-1"]',
            'SM_NUM_CPUS': str(os.cpu_count() or 1),
            'SM_NUM_GPUS': '0',
            'SM_LOG_LEVEL': '20',
            'TRAINING_JOB_NAME': self.request['TrainingJobName'],
        }
        told |= {f'SM_CHANNEL_{name.upper()}': str(home / 'input' / 'data' / name) for name in channels}
        told |= {f'SM_HP_{name.upper().replace("-", "_")}': _text(value) for name, value in own.items()}
        return told | self.request.get('Environment', {})

    def _train(self, program: str, channels: list[str]) -> str | None:
        """Run the script; why it failed, or None."""
        own = {n: v for n, v in self.parameters.items() if n not in _OWN}
        command = [sys.executable, program, *arguments(own)]
        env = {n: v for n, v in os.environ.items() if n != 'PYTHONPATH'}
        log = self.home / 'script.log'
        with log.open('wb') as output:
            child = subprocess.Popen(
                command,
                cwd=self.home / 'code',
                env=env | self._environment(program, channels, own) | {'PYTHONPATH': str(self.home / 'code')},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                code = child.wait(None if self.deadline is None else max(0.1, self.deadline - time.time()))
            except subprocess.TimeoutExpired:
                self.ended = 'MaxRuntimeExceeded'
                child.terminate()
                try:
                    child.wait(_GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
                return None
        with log.open(errors='replace') as lines:
            last = deque(lines, 20)
        sys.stdout.writelines(last)
        if code == 0:
            return None
        told = self.home / 'output' / 'failure'
        message = told.read_text().strip() if told.exists() else ''.join(last).strip()[-600:]
        return (
            f'AlgorithmError: ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{message}"\n'
            f'Command "python {" ".join(command[1:])}", exit code: {code}'
        )

    def _upload(self) -> str:
        below = self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')
        folder = f'{below}/{self.request["TrainingJobName"]}/output'
        if any((self.home / 'output' / 'data').iterdir()):
            s3files.upload(self.s3, self._packed('output/data', 'output.tar.gz'), f'{folder}/output.tar.gz')
        s3files.upload(self.s3, self._packed('model', 'model.tar.gz'), f'{folder}/model.tar.gz')
        return f'{folder}/model.tar.gz'

    def _packed(self, part: str, name: str) -> Path:
        path = self.home / name
        with tarfile.open(path, 'w:gz', compresslevel=1) as archive:
            for item in sorted((self.home / part).iterdir()):
                archive.add(item, item.name)
        return path

    def _metrics(self) -> list[dict[str, Any]]:
        """The last value each metric definition finds in the script's output."""
        text = (self.home / 'script.log').read_text(errors='replace')
        found = []
        for definition in self.request['AlgorithmSpecification'].get('MetricDefinitions', []):
            values = re.findall(definition['Regex'], text)
            try:
                found.append({'MetricName': definition['Name'], 'Value': float(values[-1]), 'Timestamp': time.time()})
            except (IndexError, ValueError, TypeError):
                continue
        return found


if __name__ == '__main__':
    run(lambda spec: TrainingProcess(spec).work())
