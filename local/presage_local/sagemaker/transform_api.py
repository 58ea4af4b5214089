"""CreateTransformJob, DescribeTransformJob, ListTransformJobs, StopTransformJob."""

from typing import Any

from ..service import Store, now
from .engine.filters import BadFilter, parse
from .frame import AwsError, Job, Record, Request, begin, listed, page, run_child, service, stop, work_dir
from .models_api import containers_of, find_model

_MAX_PAYLOAD_PRODUCT = 100
_CSV = 'text/csv'
_jobs = Store('sagemaker', 'transform-jobs')


def _found(request: Request) -> Record:
    name = request['TransformJobName']
    if name not in _jobs:
        raise AwsError('ResourceNotFound', f'Could not find requested job with name: {name}')
    return _jobs[name]


def problem_with(request: Request) -> str | None:
    """Why AWS refuses the request beyond its service model, or what the local cloud does not offer."""
    given, output = request['TransformInput'], request['TransformOutput']
    processing = request.get('DataProcessing', {})
    content, accept = given.get('ContentType', _CSV), output.get('Accept', _CSV)
    if content.split(';')[0].strip() != _CSV or accept.split(';')[0].strip() != _CSV:
        return f'ContentType {content} with Accept {accept} is not offered by the local cloud; use text/csv for both.'
    if given.get('SplitType') in ('RecordIO', 'TFRecord'):
        return f'SplitType {given["SplitType"]} does not go with ContentType {content}.'
    if given['DataSource']['S3DataSource']['S3DataType'] not in ('S3Prefix', 'ManifestFile'):
        return 'S3DataType must be S3Prefix or ManifestFile.'
    strategy, split = request.get('BatchStrategy'), given.get('SplitType', 'None')
    if strategy == 'MultiRecord' and split == 'None':
        return 'BatchStrategy MultiRecord needs SplitType Line.'
    payload = request.get('MaxPayloadInMB', 6)
    if (request.get('MaxConcurrentTransforms') or 1) * payload > _MAX_PAYLOAD_PRODUCT or payload > _MAX_PAYLOAD_PRODUCT:
        return 'MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100 MB.'
    for name in ('InputFilter', 'OutputFilter'):
        try:
            parse(processing.get(name))
        except BadFilter as error:
            return f'DataProcessing.{name}: {error}.'
    if processing.get('JoinSource') == 'Input' and (split != 'Line' or output.get('AssembleWith') != 'Line'):
        return 'JoinSource Input needs SplitType Line and AssembleWith Line.'
    if request.get('DataCaptureConfig'):
        return 'DataCaptureConfig is not offered by the local cloud.'
    return None


@service.operation('CreateTransformJob')
def create(request: Request) -> dict[str, Any]:
    """Score every object under a prefix with a model, as the model's role."""
    refused = problem_with(request)
    if refused:
        raise AwsError('ValidationException', refused)
    model = find_model(request['ModelName'])
    containers = containers_of(model)
    if len(containers) > 1:
        raise AwsError('ValidationException', 'Transforming with several containers is not offered by the local cloud.')
    spec = {'request': request, 'container': containers[0]}
    return begin(
        'TransformJob',
        _jobs,
        request,
        lambda job, record: _work(job, record, model['ExecutionRoleArn'], spec),
        taken='Job name must be unique within an AWS account and region, and a job with this name already exists '
        '({arn})',
        DataProcessing={'InputFilter': '$', 'OutputFilter': '$', 'JoinSource': 'None'}
        | request.get('DataProcessing', {}),
    )


def _work(job: Job, record: Record, role: str, spec: dict[str, Any]) -> None:
    folder = work_dir('transform', spec['request']['TransformJobName'])
    record['TransformStartTime'] = now()
    try:
        run_child(job, 'transform_process', role, folder, spec)
    finally:
        record['TransformEndTime'] = now()


@service.operation('DescribeTransformJob')
def describe(request: Request) -> dict[str, Any]:
    """The job as it stands now."""
    return _found(request)


@service.operation('ListTransformJobs')
def list_jobs(request: Request) -> dict[str, Any]:
    """AWS's default order is the newest first."""
    found = listed(_jobs.values(), request, name='TransformJobName', status='TransformJobStatus')
    return page('TransformJobSummaries', found)


@service.operation('StopTransformJob')
def stop_job(request: Request) -> None:
    """End the job now; outputs already written stay."""
    stop(_found(request), 'transform job', 'TransformJobStatus')
