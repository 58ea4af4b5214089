"""Amazon EMR: clusters whose steps really run, one after the other, as the cluster's instance role.

To see what happens without spot capacity, give the cluster the tag `presage:local:no-spot-capacity` (any value), or
put a file `no-spot-capacity` into the state folder: a cluster that needs spot then ends TERMINATED_WITH_ERRORS with
EMR's reason code, one on demand starts.
"""

from __future__ import annotations

import threading
from typing import Any

from .. import iam
from ..service import AwsError, Service, Store, arn, job_of, now, start_job, state_dir
from .emr_requests import check_cluster, invalid, new_id, new_steps, waits_for_spot
from .emr_run import ENDED, ClusterRun, cancel_step, run_of

NO_SPOT = 'presage:local:no-spot-capacity'
_KEPT = (
    'Applications',
    'AutoTerminationPolicy',
    'Configurations',
    'EbsRootVolumeSize',
    'LogUri',
    'Name',
    'OSReleaseLabel',
    'ReleaseLabel',
    'ScaleDownBehavior',
    'SecurityConfiguration',
    'ServiceRole',
    'StepConcurrencyLevel',
    'Tags',
    'VisibleToAllUsers',
)


def _resource(operation: str, request: dict[str, Any]) -> str:
    cluster = request.get('ClusterId') or request.get('JobFlowId') or request.get('ResourceId')
    if not cluster and len(request.get('JobFlowIds') or []) == 1:
        cluster = request['JobFlowIds'][0]
    return arn('elasticmapreduce', f'cluster/{cluster}') if cluster else ''


def _tags(request: dict[str, Any]) -> dict[str, str]:
    identity = request.get('ClusterId') or request.get('ResourceId') or next(iter(request.get('JobFlowIds') or []), '')
    return {tag['Key']: tag.get('Value', '') for tag in _clusters.get(identity, {}).get('Tags') or []}


service = Service('elasticmapreduce', 'emr', namespace='elasticmapreduce', resource=_resource, tags=_tags)
_clusters = Store('emr', 'clusters')
_adding = threading.Lock()


def cluster_of(identity: str) -> dict[str, Any]:
    """A cluster's record. InvalidRequestException for an unknown one."""
    if identity not in _clusters:
        raise AwsError('InvalidRequestException', f"Cluster id '{identity}' is not valid.")
    return _clusters[identity]


@service.operation('RunJobFlow')
def run_job_flow(request: dict[str, Any]) -> dict[str, Any]:
    """Start a cluster and its steps."""
    check_cluster(request)
    steps = new_steps(request.get('Steps') or [])
    role = iam.instance_profile_role(request['JobFlowRole'])
    if role is None:
        raise invalid(f'Invalid InstanceProfile: {request["JobFlowRole"]}.')
    identity = new_id('j-')
    instances = request['Instances']
    record = _clusters[identity] = {
        **{name: request[name] for name in _KEPT if name in request},
        'Id': identity,
        'ClusterArn': arn('elasticmapreduce', f'cluster/{identity}'),
        'AutoTerminate': not instances.get('KeepJobFlowAliveWhenNoSteps', False),
        'TerminationProtected': bool(instances.get('TerminationProtected', False)),
        'StepConcurrencyLevel': 1,
        'NormalizedInstanceHours': 0,
        'InstanceCollectionType': 'INSTANCE_FLEET' if instances.get('InstanceFleets') else 'INSTANCE_GROUP',
        'Ec2InstanceAttributes': {
            'Ec2SubnetId': instances.get('Ec2SubnetId') or next(iter(instances.get('Ec2SubnetIds') or []), None),
            'IamInstanceProfile': request['JobFlowRole'],
            'EmrManagedMasterSecurityGroup': instances.get('EmrManagedMasterSecurityGroup'),
            'EmrManagedSlaveSecurityGroup': instances.get('EmrManagedSlaveSecurityGroup'),
            'ServiceAccessSecurityGroup': instances.get('ServiceAccessSecurityGroup'),
        },
        'Status': {
            'State': 'STARTING',
            'StateChangeReason': {},
            'Timeline': {'CreationDateTime': now()},
        },
        '_instances': instances,
        '_steps': steps,
        '_role': role,
        '_no_spot': waits_for_spot(request) and _spot_is_short(request),
    }
    start_job(
        record['Status'],
        ClusterRun(record).run,
        field='State',
        running='STARTING',
        done='TERMINATED',
        failed='TERMINATED_WITH_ERRORS',
        reason_field='_reason',
        stopped='TERMINATED',
    )
    return {'JobFlowId': identity, 'ClusterArn': record['ClusterArn']}


def _spot_is_short(request: dict[str, Any]) -> bool:
    tagged = any(tag.get('Key') == NO_SPOT for tag in request.get('Tags') or [])
    return tagged or (state_dir() / 'no-spot-capacity').exists()


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    status = record['Status']
    if status.get('_reason') and not status.get('StateChangeReason'):
        reason = {'Code': 'INTERNAL_ERROR', 'Message': status['_reason']}
        return {**record, 'Status': {**status, 'StateChangeReason': reason}}
    return record


def _shown_step(step: dict[str, Any]) -> dict[str, Any]:
    status = step['Status']
    if status.get('_reason') and not status.get('FailureDetails'):
        details = {'Reason': 'Unknown Error.', 'Message': status['_reason']}
        return {**step, 'Status': {**status, 'FailureDetails': details}}
    return step


@service.operation('DescribeCluster')
def describecluster_of(request: dict[str, Any]) -> dict[str, Any]:
    """A cluster and its state."""
    return {'Cluster': _shown(cluster_of(request['ClusterId']))}


@service.operation('ListClusters')
def list_clusters(request: dict[str, Any]) -> dict[str, Any]:
    """Clusters by state and time, newest first."""
    states = request.get('ClusterStates')
    after, before = request.get('CreatedAfter'), request.get('CreatedBefore')
    found = []
    for record in _clusters.values():
        created = record['Status']['Timeline']['CreationDateTime']
        wanted = not states or record['Status']['State'] in states
        if wanted and (after is None or created > float(after)) and (before is None or created < float(before)):
            found.append(_shown(record))
    found.sort(key=lambda record: -record['Status']['Timeline']['CreationDateTime'])
    start = int(request.get('Marker') or 0)
    return {'Clusters': found[start : start + 50], 'Marker': str(start + 50) if len(found) > start + 50 else None}


@service.operation('AddJobFlowSteps')
def add_job_flow_steps(request: dict[str, Any]) -> dict[str, Any]:
    """Add steps to a cluster that has not ended."""
    record = cluster_of(request['JobFlowId'])
    if request.get('ExecutionRoleArn'):
        raise invalid('The local EMR has no runtime roles for steps')
    steps = new_steps(request['Steps'])
    with _adding:
        if record['Status']['State'] in (*ENDED, 'TERMINATING'):
            raise invalid('A job flow that is shutting down, terminated, or finished may not be modified.')
        record['_steps'].extend(steps)
    run = run_of(record['Id'])
    if run is not None:
        run.wake()
    return {'StepIds': [step['Id'] for step in steps]}


def _step(record: dict[str, Any], identity: str) -> dict[str, Any]:
    for step in record['_steps']:
        if step['Id'] == identity:
            found: dict[str, Any] = step
            return found
    raise AwsError('InvalidRequestException', f"Step id '{identity}' is not valid.")


@service.operation('DescribeStep')
def describe_step(request: dict[str, Any]) -> dict[str, Any]:
    """One step and why it failed."""
    return {'Step': _shown_step(_step(cluster_of(request['ClusterId']), request['StepId']))}


@service.operation('ListSteps')
def list_steps(request: dict[str, Any]) -> dict[str, Any]:
    """Steps of a cluster, newest first."""
    steps = cluster_of(request['ClusterId'])['_steps'][::-1]
    states, identities = request.get('StepStates'), request.get('StepIds')
    steps = [step for step in steps if not states or step['Status']['State'] in states]
    steps = [step for step in steps if not identities or step['Id'] in identities]
    start = int(request.get('Marker') or 0)
    page = [_shown_step(step) for step in steps[start : start + 50]]
    return {'Steps': page, 'Marker': str(start + 50) if len(steps) > start + 50 else None}


@service.operation('CancelSteps')
def cancel_steps(request: dict[str, Any]) -> dict[str, Any]:
    """Cancel pending steps, and the running one by ending its process."""
    record = cluster_of(request['ClusterId'])
    infos = []
    for identity in request['StepIds']:
        step = _step(record, identity)
        refused = cancel_step(record, step)
        infos.append({'StepId': identity, 'Status': 'FAILED' if refused else 'SUBMITTED', 'Reason': refused or None})
    return {'CancelStepsInfoList': infos}


@service.operation('TerminateJobFlows')
def terminate_job_flows(request: dict[str, Any]) -> None:
    """End clusters; nothing for those that have ended."""
    records = [cluster_of(identity) for identity in request['JobFlowIds']]
    if any(record['TerminationProtected'] for record in records):
        raise invalid('Could not shut down one or more job flows since they are termination protected.')
    for record in records:
        status = record['Status']
        if status['State'] in (*ENDED, 'TERMINATING'):
            continue
        status['State'] = 'TERMINATING'
        status['StateChangeReason'] = {'Code': 'USER_REQUEST', 'Message': 'Terminated by user request'}
        job = job_of(status)
        run = run_of(record['Id'])
        if job is not None:
            job.stopped = True
            threading.Thread(target=job.stop, daemon=True).start()
        if run is not None:
            run.wake()


@service.operation('AddTags')
def add_tags(request: dict[str, Any]) -> None:
    """Add tags to a cluster, replacing those of the same key."""
    record = cluster_of(request['ResourceId'])
    keys = {tag['Key'] for tag in request['Tags']}
    record['Tags'] = [tag for tag in record.get('Tags') or [] if tag['Key'] not in keys] + request['Tags']


@service.operation('RemoveTags')
def remove_tags(request: dict[str, Any]) -> None:
    """Remove tags from a cluster."""
    record = cluster_of(request['ResourceId'])
    record['Tags'] = [tag for tag in record.get('Tags') or [] if tag['Key'] not in request['TagKeys']]
