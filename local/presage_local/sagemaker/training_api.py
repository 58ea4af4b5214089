"""CreateTrainingJob and Describe, List, Stop: script mode with AWS's scikit-learn image."""

import json
import re
import threading
from pathlib import Path
from typing import Any

from ..service import JobStopped, Store, job_of, now
from . import child
from .containers import SCIKIT_LEARN, kind_of
from .frame import AwsError, Job, Record, Request, begin, listed, page, run_child, service, stop, work_dir

_DEFAULT_SECONDS = 86_400
_jobs = Store('sagemaker', 'training-jobs')
# A look at a job must not put an older state over the end of the job.
_taking = threading.Lock()


def _found(request: Request) -> Record:
    name = request['TrainingJobName']
    if name not in _jobs:
        raise AwsError('ResourceNotFound', f'Requested resource not found: training job {name}')
    return _jobs[name]


def problem_with(request: Request) -> str | None:
    """Why the request is refused: by AWS, or because the local cloud does not offer it."""
    algorithm = request.get('AlgorithmSpecification')
    if not algorithm or not algorithm.get('TrainingImage'):
        return 'AlgorithmSpecification.TrainingImage is needed.'
    if kind_of(algorithm['TrainingImage']) != SCIKIT_LEARN:
        return (
            f'Image {algorithm["TrainingImage"]} is not known to the local cloud, which trains with '
            'sagemaker-scikit-learn only.'
        )
    if request.get('ResourceConfig', {}).get('InstanceCount', 1) != 1:
        return 'The local cloud trains on one instance.'
    if 'StoppingCondition' not in request:
        return 'StoppingCondition is needed.'
    channels = request.get('InputDataConfig', [])
    names = [channel['ChannelName'] for channel in channels]
    if len(set(names)) < len(names):
        return 'Channel names must be unique.'
    for channel in channels:
        source = channel['DataSource'].get('S3DataSource')
        if source is None or source['S3DataType'] not in ('S3Prefix', 'ManifestFile'):
            return 'Channels are read from S3, by S3Prefix or ManifestFile.'
        if (channel.get('InputMode') or algorithm['TrainingInputMode']) != 'File':
            return 'The local cloud offers input mode File only.'
    for definition in algorithm.get('MetricDefinitions', []):
        try:
            re.compile(definition['Regex'])
        except re.error as error:
            return f'The regular expression of metric {definition["Name"]} is wrong: {error}.'
    return None


@service.operation('CreateTrainingJob')
def create(request: Request) -> dict[str, Any]:
    """Run the entry point of a submitted archive, as the job's role."""
    refused = problem_with(request)
    if refused:
        raise AwsError('ValidationException', refused)
    return begin(
        'TrainingJob',
        _jobs,
        request,
        lambda job, record: _work(job, record, request),
        taken='Training job names must be unique within an AWS account and region; a job with this name already '
        'exists ({arn})',
        SecondaryStatus='Starting',
        _starting={'Status': 'Starting', 'StartTime': now(), 'StatusMessage': 'Preparing the instances'},
    )


def _work(job: Job, record: Record, request: Request) -> None:
    seconds = request['StoppingCondition'].get('MaxRuntimeInSeconds', _DEFAULT_SECONDS)
    spec = {'request': request, 'deadline': record['CreationTime'] + seconds}
    folder = work_dir('training', request['TrainingJobName'])
    record['_folder'] = str(folder)
    record['TrainingStartTime'] = now()
    final = 'Failed'
    try:
        run_child(job, 'training_process', request['RoleArn'], folder, spec)
        if job.stopped:
            raise JobStopped('stopped')
        final = _take(record, folder).get('ended', 'Completed')
        if final == 'MaxRuntimeExceeded':
            record['TrainingJobStatus'] = 'Stopped'
    finally:
        with _taking:
            progress = _take(record, folder)
            record.pop('_folder', None)
            record['SecondaryStatus'] = 'Stopped' if job.stopped else final
            record['TrainingEndTime'] = now()
            last = {'Status': record['SecondaryStatus'], 'StartTime': now(), 'EndTime': now(), 'StatusMessage': ''}
            record['SecondaryStatusTransitions'] = [
                *({'EndTime': now(), **step} for step in record.get('SecondaryStatusTransitions', [])),
                last,
            ]
            seconds = round(record['TrainingEndTime'] - record['TrainingStartTime'])
            record.update(TrainingTimeInSeconds=max(1, seconds), BillableTimeInSeconds=max(1, seconds))
            if progress.get('artefact') and final in ('Completed', 'MaxRuntimeExceeded'):
                record['ModelArtifacts'] = {'S3ModelArtifacts': progress['artefact']}


def _take(record: Record, folder: Path) -> dict[str, Any]:
    """Bring the record up to what the job's process has reported."""
    try:
        progress: dict[str, Any] = json.loads((folder / child.PROGRESS).read_text())
    except (OSError, ValueError):
        return {}
    steps = progress['transitions']
    record['SecondaryStatusTransitions'] = [{**record['_starting'], 'EndTime': steps[0]['StartTime']}, *steps]
    if progress.get('metrics'):
        record['FinalMetricDataList'] = progress['metrics']
    return progress


@service.operation('DescribeTrainingJob')
def describe(request: Request) -> dict[str, Any]:
    """The job as it stands now."""
    record = _found(request)
    with _taking:
        folder = record.get('_folder')
        if folder and job_of(record) is not None and record['TrainingJobStatus'] == 'InProgress':
            progress = _take(record, Path(folder))
            if progress:
                record['SecondaryStatus'] = progress['transitions'][-1]['Status']
    # AWS's shape wants artefacts, also of a job that has none yet.
    return {'ModelArtifacts': {'S3ModelArtifacts': ''}, **record}


@service.operation('ListTrainingJobs')
def list_jobs(request: Request) -> dict[str, Any]:
    """AWS's default order is the newest first."""
    found = listed(_jobs.values(), request, name='TrainingJobName', status='TrainingJobStatus')
    return page('TrainingJobSummaries', found)


@service.operation('StopTrainingJob')
def stop_job(request: Request) -> None:
    """End the script now."""
    record = _found(request)
    stop(record, 'training job', 'TrainingJobStatus', lambda: record.update(SecondaryStatus='Stopping'))
