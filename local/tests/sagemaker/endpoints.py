"""What a test of endpoints needs: models that are scripts, so that nothing is trained, and short ways to call one."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.cloud import wait_for
from tests.sagemaker.jobs import Sagemaker, fresh
from tests.sagemaker.test_model_kinds import packed
from tests.sagemaker.test_training_jobs import IMAGE

# Answers its input; some words make it do what containers do at times, the path of a file that it is at work until the
# file is gone. {START} and {SAY} make models that differ.
SCRIPT = """
import os, time

def model_fn(folder):
    {START}
    return open(os.path.join(folder, 'greeting.txt')).read()

def input_fn(body, content_type):
    return body

def predict_fn(text, greeting):
    if text == 'raise':
        raise ValueError('no luck today')
    if text == 'die':
        os._exit(3)
    while os.path.exists(text):
        os.path.getsize(text) or open(text, 'r+').write('at work')
        time.sleep(0.02)
    return {SAY} (str(os.getpid()) if text == 'pid' else text)

def output_fn(answer, accept):
    return answer, accept
"""


class Endpoints:
    """Makes models, configurations and endpoints; what it made is gone at its end."""

    def __init__(self, sagemaker: Sagemaker) -> None:
        self.sagemaker, self.client = sagemaker, sagemaker.client
        self.runtime = sagemaker.cloud.client('sagemaker-runtime')
        self._made: list[str] = []

    def __enter__(self) -> Endpoints:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        for name in self._made:
            if self.client.list_endpoints(NameContains=name)['Endpoints']:
                self.ended(name)
                self.client.delete_endpoint(EndpointName=name)

    def artefact(self, **parts: str) -> str:
        """An archive of a model with its code; its URI."""
        script = SCRIPT.format(**{'START': 'pass', 'SAY': '', **parts})
        content = packed({'greeting.txt': 'hello', 'code/inference.py': script})
        return self.sagemaker.put(f'{fresh("artefact")}/model.tar.gz', content)

    def container(self, **parts: str) -> dict[str, Any]:
        return {
            'Image': IMAGE,
            'ModelDataUrl': self.artefact(**parts),
            'Environment': {'SAGEMAKER_PROGRAM': 'inference.py'},
        }

    def script(self, **parts: str) -> str:
        """A model of the script; its name."""
        return self.model(self.container(**parts))

    def model(self, container: dict[str, Any]) -> str:
        return self.sagemaker.model(container)

    def config(self, model: str, variant: str = 'v', name: str = '', calls: int = 2) -> str:
        name = name or fresh('config')
        size = {'MemorySizeInMB': 2048, 'MaxConcurrency': calls}
        self.client.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[{'VariantName': variant, 'ModelName': model, 'ServerlessConfig': size}],
        )
        return name

    def begin(self, config: str) -> str:
        """Create an endpoint and do not wait; its name."""
        name = fresh('endpoint')
        self.client.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self._made.append(name)
        return name

    def create(self, config: str) -> str:
        """Create an endpoint that comes into service; its name."""
        name = self.begin(config)
        found = self.ended(name)
        assert found['EndpointStatus'] == 'InService', found.get('FailureReason')
        return name

    def ended(self, name: str) -> dict[str, Any]:
        """Wait until nothing changes any more; DescribeEndpoint's answer."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client.describe_endpoint(EndpointName=name)
            return found if found['EndpointStatus'] not in ('Creating', 'Updating') else None

        return wait_for(look, 30)

    def call(self, name: str, body: str) -> tuple[str, str]:
        """The variant that answered, and its text."""
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType='text/csv', Accept='text/csv')
        return answer['InvokedProductionVariant'], answer['Body'].read().decode()

    @staticmethod
    def alive(process: int) -> bool:
        """Whether a process is there and no zombie."""
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        stat = Path(f'/proc/{process}/stat')
        return not stat.exists() or stat.read_text().rpartition(')')[2].split()[0] != 'Z'
