"""CreateAutoMLJobV2, DescribeAutoMLJobV2, ListAutoMLJobs, ListCandidatesForAutoMLJob, StopAutoMLJob."""

import json
import os
from pathlib import Path
from typing import Any

from ..service import JobStopped, Store, job_of, now
from . import child
from .automl_rules import problem_with
from .engine.objectives import OUT_OF_TIME, goodness
from .frame import (
    AwsError,
    Job,
    Record,
    Request,
    arn,
    begin,
    get_region,
    listed,
    page,
    run_child,
    service,
    stop,
    work_dir,
)

# PRESAGE_AUTOML=autogluon puts the library behind AWS's own ensembling mode in the place of the built-in search.
BACKEND_VARIABLE = 'PRESAGE_AUTOML'
_BACKENDS = ('builtin', 'autogluon')

_UNDER_WAY = ('Starting', 'AnalyzingData', 'TrainingModels', 'Stopping')

_jobs = Store('sagemaker', 'automl-jobs')


def _found(request: Request) -> Record:
    name = request['AutoMLJobName']
    if name not in _jobs:
        raise AwsError('ResourceNotFound', f'Could not find AutoML job "{arn("sagemaker", f"automl-job/{name}")}".')
    return _jobs[name]


def _backend() -> str:
    chosen = os.environ.get(BACKEND_VARIABLE) or 'builtin'
    if chosen not in _BACKENDS:
        raise AwsError('ValidationException', f'{BACKEND_VARIABLE}={chosen} is not one of {", ".join(_BACKENDS)}.')
    return chosen


@service.operation('CreateAutoMLJobV2')
def create(request: Request) -> dict[str, Any]:
    """Start a search. A name is taken for ever, whatever its case: AWS has no DeleteAutoMLJob."""
    refused = problem_with(request)
    if refused:
        raise AwsError('ValidationException', refused)
    backend = _backend()
    table = request['AutoMLProblemTypeConfig']['TabularJobConfig']
    seconds = table.get('CompletionCriteria', {}).get('MaxAutoMLJobRuntimeInSeconds')
    spec = {'request': request, 'region': get_region(), 'seconds': seconds, 'backend': backend}
    return begin(
        'AutoMLJob',
        _jobs,
        request,
        lambda job, record: _work(job, record, spec),
        taken='AutoML job name must be unique within an AWS account and region (whatever the case), '
        'and a job named {name} already exists.',
        same=str.lower,
        AutoMLProblemTypeConfigName='Tabular',
        AutoMLJobSecondaryStatus='Starting',
        _candidates=[],
    )


def _work(job: Job, record: Record, spec: dict[str, Any]) -> None:
    seconds = spec.pop('seconds')
    spec['deadline'] = record['CreationTime'] + seconds if seconds else None
    folder = work_dir('automl', spec['request']['AutoMLJobName'])
    record['_folder'] = str(folder)
    final = 'Failed'
    try:
        run_child(job, 'automl_process', spec['request']['RoleArn'], folder, spec)
        progress = _take(record, folder)
        if job.stopped:
            raise JobStopped('stopped')
        record['BestCandidate'] = progress['BestCandidate']
        final = progress['AutoMLJobSecondaryStatus']
    finally:
        if job.stopped:
            final = 'Stopped'
        elif final == 'Failed' and _take(record, folder).get('AutoMLJobSecondaryStatus') == OUT_OF_TIME:
            final = OUT_OF_TIME
        record.pop('_folder', None)
        record['AutoMLJobSecondaryStatus'] = final
        record['EndTime'] = now()


def _take(record: Record, folder: Path) -> dict[str, Any]:
    """Bring the record up to what the job's process has reported."""
    try:
        progress: dict[str, Any] = json.loads((folder / child.PROGRESS).read_text())
    except (OSError, ValueError):
        return {}
    record['_candidates'] = progress['Candidates']
    if progress.get('PartialFailureReasons'):
        record['PartialFailureReasons'] = progress['PartialFailureReasons']
    if 'ProblemType' in progress:
        table = record['AutoMLProblemTypeConfig']['TabularJobConfig']
        record['ResolvedAttributes'] = {
            'AutoMLJobObjective': {'MetricName': progress['Metric']},
            'CompletionCriteria': table.get('CompletionCriteria', {}),
            'AutoMLProblemTypeResolvedAttributes': {
                'TabularResolvedAttributes': {'ProblemType': progress['ProblemType']}
            },
        }
    return progress


def _refresh(record: Record) -> None:
    folder = record.get('_folder')
    if folder is None or job_of(record) is None or record['AutoMLJobStatus'] != 'InProgress':
        return
    progress = _take(record, Path(folder))
    # The last words of the process are taken when it has ended, together with the best candidate.
    if progress and 'BestCandidate' not in progress and record.get('_folder'):
        record['AutoMLJobSecondaryStatus'] = progress['AutoMLJobSecondaryStatus']


@service.operation('DescribeAutoMLJobV2')
def describe(request: Request) -> dict[str, Any]:
    """The job as it stands now."""
    record = _found(request)
    _refresh(record)
    if record['AutoMLJobStatus'] == 'Failed' and record['AutoMLJobSecondaryStatus'] in _UNDER_WAY:
        record['AutoMLJobSecondaryStatus'] = 'Failed'  # the server was stopped while the job ran
    return record


@service.operation('ListAutoMLJobs')
def list_jobs(request: Request) -> dict[str, Any]:
    """AWS's default order is the newest first."""
    return page('AutoMLJobSummaries', listed(_jobs.values(), request, name='AutoMLJobName', status='AutoMLJobStatus'))


@service.operation('ListCandidatesForAutoMLJob')
def list_candidates(request: Request) -> dict[str, Any]:
    """Candidates judged so far; by default the newest first."""
    record = _found(request)
    _refresh(record)
    wanted = request.get('CandidateNameEquals')
    found = [c for c in record['_candidates'] if wanted in (None, c['CandidateName'])]
    if request.get('SortBy') == 'FinalObjectiveMetricValue':

        def value(candidate: dict[str, Any]) -> float:
            metric = candidate['FinalAutoMLJobObjectiveMetric']
            return goodness(metric['MetricName'], metric['Value'])

        found.sort(key=value, reverse=request.get('SortOrder') == 'Descending')
        start = int(request.get('NextToken', 0))
        size = request.get('MaxResults', 10)
        rest = str(start + size) if start + size < len(found) else None
        return page('Candidates', (found[start : start + size], rest))
    return page('Candidates', listed(found, request, name='CandidateName', status='CandidateStatus'))


@service.operation('StopAutoMLJob')
def stop_job(request: Request) -> None:
    """End the search now; a stopped job has no candidate."""
    record = _found(request)
    stop(record, 'AutoML job', 'AutoMLJobStatus', lambda: record.update(AutoMLJobSecondaryStatus='Stopping'))
