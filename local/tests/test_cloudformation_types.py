"""Mend `cloudformation_types`: a template with these types deploys and what it asks for is really there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud import Cloud, wait_for

HOOK = 'mends/cloudformation_types.py: MiniStack provisions this type otherwise than the mend expects'

TEMPLATE: dict[str, Any] = {
    'Resources': {
        'Emr': {
            'Type': 'AWS::EMR::SecurityConfiguration',
            'Properties': {'Name': 'ct-emr', 'SecurityConfiguration': {'EncryptionConfiguration': {}}},
        },
        'Glue': {
            'Type': 'AWS::Glue::SecurityConfiguration',
            'Properties': {'Name': 'ct-glue', 'EncryptionConfiguration': {}},
        },
        'Query': {
            'Type': 'AWS::Athena::NamedQuery',
            'Properties': {'Name': 'ct', 'Database': 'd', 'QueryString': 'SELECT 1'},
        },
        'Vpc': {'Type': 'AWS::EC2::VPC', 'Properties': {'CidrBlock': '10.1.0.0/16'}},
        'Group': {
            'Type': 'AWS::EC2::SecurityGroup',
            'Properties': {'GroupDescription': 'g', 'VpcId': {'Ref': 'Vpc'}},
        },
        'Rule': {
            'Type': 'AWS::EC2::SecurityGroupIngress',
            'Properties': {
                'GroupId': {'Ref': 'Group'},
                'IpProtocol': 'tcp',
                'FromPort': 443,
                'ToPort': 443,
                'CidrIp': {'Fn::GetAtt': ['Vpc', 'CidrBlock']},
            },
        },
        'Flow': {
            'Type': 'AWS::EC2::FlowLog',
            'Properties': {
                'ResourceId': {'Ref': 'Vpc'},
                'ResourceType': 'VPC',
                'TrafficType': 'ALL',
                'LogDestinationType': 's3',
                'LogDestination': 'arn:aws:s3:::logs',
            },
        },
        'Table': {
            'Type': 'AWS::DynamoDB::Table',
            'Properties': {
                'TableName': 'ct-table',
                'BillingMode': 'PAY_PER_REQUEST',
                'AttributeDefinitions': [{'AttributeName': 'k', 'AttributeType': 'S'}],
                'KeySchema': [{'AttributeName': 'k', 'KeyType': 'HASH'}],
                'TimeToLiveSpecification': {'AttributeName': 'ttl', 'Enabled': True},
            },
        },
        'Schedule': {
            'Type': 'AWS::Scheduler::Schedule',
            'Properties': {
                'Name': 'ct-schedule',
                'ScheduleExpression': 'cron(0 3 * * ? *)',
                'ScheduleExpressionTimezone': 'Europe/Berlin',
                'FlexibleTimeWindow': {'Mode': 'OFF'},
                'Target': {
                    'Arn': 'arn:aws:sqs:eu-west-1:000000000000:q',
                    'RoleArn': 'arn:aws:iam::000000000000:role/r',
                },
            },
        },
    }
}


@pytest.fixture(scope='module')
def stack(cloud: Cloud) -> Iterator[dict[str, str]]:
    """The template deployed: logical → physical name."""
    formation = cloud.client('cloudformation')
    formation.create_stack(StackName='types', TemplateBody=json.dumps(TEMPLATE))

    def done() -> str | None:
        status: str = formation.describe_stacks(StackName='types')['Stacks'][0]['StackStatus']
        return status if not status.endswith('IN_PROGRESS') else None

    status = wait_for(done)
    events = [e.get('ResourceStatusReason') for e in formation.describe_stack_events(StackName='types')['StackEvents']]
    assert status == 'CREATE_COMPLETE', f'{HOOK}: {[e for e in events if e]}'
    found = formation.describe_stack_resources(StackName='types')['StackResources']
    yield {resource['LogicalResourceId']: resource['PhysicalResourceId'] for resource in found}


def test_a_security_group_rule_is_in_its_group(cloud: Cloud, stack: dict[str, str]) -> None:
    group = cloud.client('ec2').describe_security_groups(GroupIds=[stack['Group']])['SecurityGroups'][0]
    assert group['IpPermissions'][0]['IpRanges'][0]['CidrIp'] == '10.1.0.0/16', HOOK


def test_a_flow_log_watches_its_vpc(cloud: Cloud, stack: dict[str, str]) -> None:
    logs = cloud.client('ec2').describe_flow_logs()['FlowLogs']
    assert stack['Vpc'] in [log['ResourceId'] for log in logs], HOOK


def test_a_table_expires_items_by_the_named_attribute(cloud: Cloud, stack: dict[str, str]) -> None:
    found = cloud.client('dynamodb').describe_time_to_live(TableName=stack['Table'])['TimeToLiveDescription']
    assert found == {'TimeToLiveStatus': 'ENABLED', 'AttributeName': 'ttl'}, HOOK


def test_a_schedule_keeps_its_time_zone(cloud: Cloud, stack: dict[str, str]) -> None:
    found = cloud.client('scheduler').get_schedule(Name=stack['Schedule'])
    assert found['ScheduleExpressionTimezone'] == 'Europe/Berlin', HOOK


def test_deleting_the_stack_deletes_what_it_made(cloud: Cloud, stack: dict[str, str]) -> None:
    formation = cloud.client('cloudformation')
    formation.delete_stack(StackName='types')

    def gone() -> bool | None:
        stacks = formation.list_stacks(StackStatusFilter=['DELETE_COMPLETE'])['StackSummaries']
        return True if 'types' in [s['StackName'] for s in stacks] else None

    wait_for(gone)
    groups = cloud.client('ec2').describe_security_groups()['SecurityGroups']
    assert stack['Group'] not in [group['GroupId'] for group in groups]
    assert not cloud.client('ec2').describe_flow_logs()['FlowLogs'], HOOK


def test_an_unknown_type_is_refused(cloud: Cloud) -> None:
    formation = cloud.client('cloudformation')
    with pytest.raises(formation.exceptions.ClientError, match='Unrecognized resource types'):
        formation.create_stack(
            StackName='unknown', TemplateBody=json.dumps({'Resources': {'X': {'Type': 'AWS::QuickSight::Theme'}}})
        )
