"""The model registry over the running cloud."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.sagemaker.jobs import Sagemaker, fresh


@pytest.fixture
def group(sagemaker: Sagemaker) -> str:
    name = fresh('group')
    sagemaker.client.create_model_package_group(ModelPackageGroupName=name)
    return name


def package(sagemaker: Sagemaker, group: str, **more: object) -> str:
    arn: str = sagemaker.client.create_model_package(ModelPackageGroupName=group, **more)['ModelPackageArn']
    return arn


def test_versions_count_up_and_are_listed_newest_first(sagemaker: Sagemaker, group: str) -> None:
    arns = [package(sagemaker, group) for _ in range(3)]
    listed = sagemaker.client.list_model_packages(ModelPackageGroupName=group)['ModelPackageSummaryList']
    assert [p['ModelPackageArn'] for p in listed] == arns[::-1]
    assert [p['ModelPackageVersion'] for p in listed] == [3, 2, 1]
    assert {p['ModelApprovalStatus'] for p in listed} == {'PendingManualApproval'}


def test_a_number_is_not_used_twice(sagemaker: Sagemaker, group: str) -> None:
    first = package(sagemaker, group)
    sagemaker.client.delete_model_package(ModelPackageName=first)
    assert package(sagemaker, group).endswith('/2')


def test_approval_and_metadata_can_be_changed(sagemaker: Sagemaker, group: str) -> None:
    arn = package(sagemaker, group, CustomerMetadataProperties={'auc': '0.71', 'rows': '900'})
    sagemaker.client.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus='Approved',
        ApprovalDescription='better by 0.03',
        CustomerMetadataProperties={'auc': '0.72'},
        CustomerMetadataPropertiesToRemove=['rows'],
    )
    found = sagemaker.client.describe_model_package(ModelPackageName=arn)
    assert found['ModelApprovalStatus'] == 'Approved'
    assert found['ApprovalDescription'] == 'better by 0.03'
    assert found['CustomerMetadataProperties'] == {'auc': '0.72'}
    package(sagemaker, group)
    approved = sagemaker.client.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus='Approved')
    assert [p['ModelPackageArn'] for p in approved['ModelPackageSummaryList']] == [arn]


def test_metadata_in_forbidden_characters_is_refused(sagemaker: Sagemaker, group: str) -> None:
    with pytest.raises(ClientError, match='ValidationException'):
        package(sagemaker, group, CustomerMetadataProperties={'recall': '71 %'})


def test_a_group_with_versions_cannot_be_deleted(sagemaker: Sagemaker, group: str) -> None:
    arn = package(sagemaker, group)
    with pytest.raises(ClientError, match='ConflictException'):
        sagemaker.client.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.client.delete_model_package(ModelPackageName=arn)
    sagemaker.client.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match='does not exist'):
        sagemaker.client.describe_model_package_group(ModelPackageGroupName=group)


def test_a_group_exists_once(sagemaker: Sagemaker, group: str) -> None:
    with pytest.raises(ClientError, match='already exists'):
        sagemaker.client.create_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match='does not exist'):
        package(sagemaker, fresh('group'))
