"""Runs the jobs of a run again, each alone: the same processes on the same inputs, one after the other.

    python bare_engines.py FOLDER REQUEST_FOLDER…

REQUEST_FOLDER is where an execution's step functions wrote their requests (`s3://…/runs/<execution>/`); the SageMaker
jobs are the newest of the account. Prints {"features": seconds, …} as JSON. S3 and DynamoDB are asked where the
environment says; what the Spark scripts read is on this machine before their clock starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from presage_local.jobs import base_env
from presage_local.sagemaker import child
from presage_local.spark import archive, settings
from presage_local.spark.staging import Staging, split_uri

ROOT = Path(__file__).resolve().parents[2]
# What only one of the three requests has, and the script it is for.
SCRIPTS = {
    'queries': 'emr-steps/run_queries.py',
    'datasets': 'glue-scripts/make_datasets.py',
    'predictions': 'glue-scripts/push.py',
}
NAMES = {'queries': 'features', 'datasets': 'data sets', 'predictions': 'push'}
AWS = ('AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION', 'AWS_DEFAULT_REGION')


def client(service: str) -> Any:
    style = Config(s3={'addressing_style': 'path'})
    return botocore.session.get_session().create_client(service, config=style)


def timed(command: list[str], environment: dict[str, str], folder: Path) -> float:
    """Seconds a process takes. RuntimeError with the end of its output if it fails."""
    given = {**base_env(), **{name: os.environ[name] for name in AWS}, **environment}
    with (folder / 'log.txt').open('w+') as output:
        start = time.perf_counter()
        code = subprocess.run(
            command, check=False, env=given, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        ).returncode
        taken = time.perf_counter() - start
        output.seek(0)
        if code != 0:
            raise RuntimeError(f'{" ".join(command)} ended with exit code {code}:\n{output.read()[-2000:]}')
    return taken


def requests(s3: Any, place: str) -> list[str]:
    """The requests of an execution; a step that was repeated counts once, with its last."""
    bucket, key = split_uri(f'{place}request-')
    found = s3.list_objects_v2(Bucket=bucket, Prefix=key).get('Contents', [])
    last = {item['Key'].rsplit('-', 1)[0]: item['Key'] for item in sorted(found, key=lambda item: item['LastModified'])}
    return [f's3://{bucket}/{name}' for name in last.values()]


def spark_job(s3: Any, uri: str, folder: Path) -> tuple[str, float]:
    folder.mkdir(parents=True)
    staging = Staging(s3, folder)
    file = staging.stage(uri, folder / 'request.json')
    request = json.loads(file.read_text())
    kind = next(name for name in SCRIPTS if name in request)
    if 'model' in request:
        # The same push again would find every row there; as another model's all are written, as they were in the run.
        file.write_text(json.dumps({**request, 'model': f'{request["model"]}-alone'}))
    path = [ROOT / 'emr-steps' / 'library', (ROOT / SCRIPTS[kind]).parent]
    environment = settings.environment(folder, archive.use(), {}, path, 0)
    command = [sys.executable, str(ROOT / SCRIPTS[kind]), '--request', file.as_uri()]
    return NAMES[kind], timed(command, environment, folder)


def sagemaker_job(module: str, spec: dict[str, Any], folder: Path) -> float:
    folder.mkdir(parents=True)
    (folder / child.SPEC).write_text(json.dumps(spec, default=str))
    # As the local cloud starts it: the same number of threads, waiting the same way.
    threads = os.environ.get('OMP_NUM_THREADS', str(os.cpu_count() or 1))
    environment = {'PYTHONPATH': str(ROOT / 'local'), 'OMP_WAIT_POLICY': 'passive', 'OMP_NUM_THREADS': threads}
    return timed([sys.executable, '-m', f'presage_local.sagemaker.{module}'], environment, folder)


def training(sagemaker: Any, folder: Path) -> float:
    name = sagemaker.list_auto_ml_jobs()['AutoMLJobSummaries'][0]['AutoMLJobName']
    request = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)
    request['OutputDataConfig']['S3OutputPath'] = request['OutputDataConfig']['S3OutputPath'].rstrip('/') + '-alone'
    limit = request['AutoMLProblemTypeConfig']['TabularJobConfig'].get('CompletionCriteria', {})
    seconds = limit.get('MaxAutoMLJobRuntimeInSeconds')
    spec = {
        'request': request,
        'region': sagemaker.meta.region_name,
        'deadline': time.time() + seconds if seconds else None,
        'backend': 'builtin',
    }
    return sagemaker_job('automl_process', spec, folder)


def scoring(sagemaker: Any, folder: Path) -> dict[str, float]:
    """The newest transform of each input; of a holdout scored twice only the last counts."""
    taken: dict[str, float] = {}
    for summary in sagemaker.list_transform_jobs(MaxResults=10)['TransformJobSummaries']:
        request = sagemaker.describe_transform_job(TransformJobName=summary['TransformJobName'])
        source = request['TransformInput']['DataSource']['S3DataSource']['S3Uri'].rstrip('/')
        name = f'scoring {source.rsplit("/", 1)[-1]}'
        if name in taken:
            continue
        request['TransformOutput']['S3OutputPath'] = request['TransformOutput']['S3OutputPath'].rstrip('/') + '-alone'
        model = sagemaker.describe_model(ModelName=request['ModelName'])
        container = (model.get('Containers') or [model['PrimaryContainer']])[0]
        spec = {'request': request, 'container': container}
        taken[name] = sagemaker_job('transform_process', spec, folder / f'transform-{len(taken)}')
    return taken


def main() -> None:
    folder, places = Path(sys.argv[1]), sys.argv[2:]
    s3, sagemaker = client('s3'), client('sagemaker')
    taken: dict[str, float] = {}
    for uri in [uri for place in places for uri in requests(s3, place)]:
        name, seconds = spark_job(s3, uri, folder / f'spark-{len(taken)}')
        taken[name] = seconds
    taken['training'] = training(sagemaker, folder / 'automl')
    taken |= scoring(sagemaker, folder)
    print(json.dumps(taken))


if __name__ == '__main__':
    main()
