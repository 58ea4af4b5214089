"""The model registry: groups of model packages and their versions."""

from typing import Any

from ..service import Store, now
from .frame import AwsError, Record, Request, arn, last_part, listed, page, service

_groups = Store('sagemaker', 'model-package-groups')
_packages = Store('sagemaker', 'model-packages')


def _group(request: Request) -> Record:
    name = last_part(request['ModelPackageGroupName'])
    if name not in _groups:
        raise AwsError('ValidationException', f'ModelPackageGroup {_group_arn(name)} does not exist.')
    return _groups[name]


def _group_arn(name: str) -> str:
    return arn('sagemaker', f'model-package-group/{name}')


def _package(name: str) -> Record:
    if name not in _packages:
        raise AwsError('ValidationException', f'ModelPackage {name} does not exist.')
    return _packages[name]


def _versions(group: Record) -> list[Record]:
    return [p for p in _packages.values() if p['ModelPackageGroupName'] == group['ModelPackageGroupName']]


@service.operation('CreateModelPackageGroup')
def create_group(request: Request) -> dict[str, Any]:
    """A name once in an account and region."""
    name = request['ModelPackageGroupName']
    with _groups.lock:
        if name in _groups:
            raise AwsError('ValidationException', f'Model Package Group already exists: {_group_arn(name)}')
        _groups[name] = {
            **request,
            'ModelPackageGroupArn': _group_arn(name),
            'ModelPackageGroupStatus': 'Completed',
            'CreatedBy': {},
            'CreationTime': now(),
            '_last_version': 0,
        }
        return _groups[name]


@service.operation('DescribeModelPackageGroup')
def describe_group(request: Request) -> dict[str, Any]:
    """By name or ARN."""
    return _group(request)


@service.operation('ListModelPackageGroups')
def list_groups(request: Request) -> dict[str, Any]:
    """AWS's default order is the oldest first."""
    found = listed(_groups.values(), request, name='ModelPackageGroupName', order='Ascending')
    return page('ModelPackageGroupSummaryList', found)


@service.operation('DeleteModelPackageGroup')
def delete_group(request: Request) -> None:
    """Refused while the group has versions."""
    group = _group(request)
    if _versions(group):
        raise AwsError(
            'ConflictException',
            f'Model Package Group {group["ModelPackageGroupArn"]} cannot be deleted: it still has model packages.',
        )
    del _groups[group['ModelPackageGroupName']]


@service.operation('CreateModelPackage')
def create_package(request: Request) -> dict[str, Any]:
    """A new version of a group. Numbers are never used again, not even after a deletion."""
    if not request.get('ModelPackageGroupName') or request.get('ModelPackageName'):
        raise AwsError(
            'ValidationException',
            'Give ModelPackageGroupName and no ModelPackageName: the local cloud offers versioned model packages only.',
        )
    group = _group(request)
    with _packages.lock:
        group['_last_version'] += 1
        version = group['_last_version']
        name = group['ModelPackageGroupName']
        package_arn = arn('sagemaker', f'model-package/{name}/{version}')
        created = now()
        _packages[package_arn] = {
            'ModelApprovalStatus': 'PendingManualApproval',
            **request,
            'ModelPackageGroupName': name,
            'ModelPackageArn': package_arn,
            'ModelPackageVersion': version,
            'ModelPackageStatus': 'Completed',
            'ModelPackageStatusDetails': {'ValidationStatuses': [], 'ImageScanStatuses': []},
            'CertifyForMarketplace': False,
            'CreationTime': created,
            'LastModifiedTime': created,
        }
        return _packages[package_arn]


@service.operation('DescribeModelPackage')
def describe_package(request: Request) -> dict[str, Any]:
    """A version, by its ARN."""
    return _package(request['ModelPackageName'])


@service.operation('ListModelPackages')
def list_packages(request: Request) -> dict[str, Any]:
    """Versions of a group. Without a group AWS lists unversioned packages, of which there are none here."""
    if request.get('ModelPackageGroupName'):
        found = _versions(_group(request))
    elif request.get('ModelPackageType', 'Unversioned') == 'Unversioned':
        found = []
    else:
        found = list(_packages.values())
    approval = request.get('ModelApprovalStatus')
    found = [p for p in found if approval in (None, p['ModelApprovalStatus'])]
    # Versions made within one clock tick keep their order.
    found.sort(key=lambda p: p['ModelPackageVersion'], reverse=request.get('SortOrder', 'Descending') == 'Descending')
    return page('ModelPackageSummaryList', listed(found, request, name='ModelPackageGroupName'))


@service.operation('UpdateModelPackage')
def update_package(request: Request) -> dict[str, Any]:
    """Approval, its description, and customer metadata: new keys are added to what is there."""
    package = _package(request['ModelPackageArn'])
    metadata = {**package.get('CustomerMetadataProperties', {}), **request.get('CustomerMetadataProperties', {})}
    for key in request.get('CustomerMetadataPropertiesToRemove', []):
        metadata.pop(key, None)
    if len(metadata) > 50:
        raise AwsError('ValidationException', 'CustomerMetadataProperties may hold at most 50 entries.')
    changed: dict[str, Any] = {
        name: request[name]
        for name in ('ModelApprovalStatus', 'ApprovalDescription', 'InferenceSpecification', 'SourceUri', 'ModelCard')
        if name in request
    }
    package.update(changed, CustomerMetadataProperties=metadata, LastModifiedTime=now())
    return package


@service.operation('DeleteModelPackage')
def delete_package(request: Request) -> None:
    """A version, by its ARN."""
    _package(request['ModelPackageName'])
    del _packages[request['ModelPackageName']]
