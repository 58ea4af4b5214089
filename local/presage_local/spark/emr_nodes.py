"""The instance groups and fleets a cluster asked for. None runs: its steps run here, and the counts say so."""

from __future__ import annotations

from typing import Any

from ..service import AwsError
from .emr import cluster_of, service
from .emr_run import ENDED


@service.operation('ListInstanceGroups')
def list_instance_groups(request: dict[str, Any]) -> dict[str, Any]:
    """The groups asked for. None runs: the steps run on this machine."""
    record = cluster_of(request['ClusterId'])
    if record['InstanceCollectionType'] != 'INSTANCE_GROUP':
        raise AwsError('InvalidRequestException', 'Instance fleets and instance groups are mutually exclusive.')
    groups = [
        {
            'Id': f'ig-{index}{record["Id"][2:]}',
            'Name': group.get('Name'),
            'Market': group.get('Market') or 'ON_DEMAND',
            'InstanceGroupType': group['InstanceRole'],
            'InstanceType': group['InstanceType'],
            'RequestedInstanceCount': group['InstanceCount'],
            'RunningInstanceCount': 0,
            'Status': {'State': _node_state(record), 'StateChangeReason': {}},
        }
        for index, group in enumerate(record['_instances'].get('InstanceGroups') or [])
    ]
    return {'InstanceGroups': groups}


@service.operation('ListInstanceFleets')
def list_instance_fleets(request: dict[str, Any]) -> dict[str, Any]:
    """The fleets asked for. None runs: the steps run on this machine."""
    record = cluster_of(request['ClusterId'])
    if record['InstanceCollectionType'] != 'INSTANCE_FLEET':
        raise AwsError('InvalidRequestException', 'Instance fleets and instance groups are mutually exclusive.')
    fleets = [
        {
            'Id': f'if-{index}{record["Id"][2:]}',
            'Name': fleet.get('Name'),
            'InstanceFleetType': fleet['InstanceFleetType'],
            'TargetOnDemandCapacity': fleet.get('TargetOnDemandCapacity') or 0,
            'TargetSpotCapacity': fleet.get('TargetSpotCapacity') or 0,
            'ProvisionedOnDemandCapacity': 0,
            'ProvisionedSpotCapacity': 0,
            'Status': {'State': _node_state(record), 'StateChangeReason': {}},
        }
        for index, fleet in enumerate(record['_instances'].get('InstanceFleets') or [])
    ]
    return {'InstanceFleets': fleets}


def _node_state(record: dict[str, Any]) -> str:
    state = record['Status']['State']
    return {'STARTING': 'PROVISIONING', 'BOOTSTRAPPING': 'BOOTSTRAPPING'}.get(
        state, 'TERMINATED' if state in ENDED else 'RUNNING'
    )
