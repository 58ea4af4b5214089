"""CloudFormation types MiniStack 1.5.33 does not know or makes only half.

Unknown types are refused when the change set is made. Those a stack of ours may hold are made here: each really keeps
what it is asked to (in MiniStack's own service where that has the resource, through our service where that is ours),
can be changed and deleted, and answers the attributes templates ask for.

Half made: `AWS::Scheduler::Schedule` loses time zone, start, end and key, and hides a refusal; `AWS::EC2::VPC` has no
`CidrBlock` attribute (CDK's interface endpoints ask for it); DynamoDB tables lose `TimeToLiveSpecification`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ministack.app as app
import ministack.services.athena as athena
import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.dynamodb as dynamodb
import ministack.services.ec2 as ec2
import ministack.services.glue as glue
import ministack.services.scheduler as scheduler
from ministack.core.responses import get_account_id, get_region, new_uuid

from ..settings import arn, now
from ..store import Store

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]
Create = Callable[[str, Properties, str], Made]
Delete = Callable[[str, Properties], None]

# EMR's security configurations: name → {Name, SecurityConfiguration (JSON text), CreationDateTime}.
emr_security_configurations = Store('elasticmapreduce', 'security_configurations')
_log_queries = Store('logs', 'query_definitions')


def register(kind: str, create: Create, delete: Delete) -> None:
    """Teach CloudFormation a type. A change is made as AWS makes a replacement: the new one, instead of the old."""

    def update(physical: str, old: Properties, new: Properties, stack: str, logical: str | None = None) -> Made:
        delete(physical, old)
        return create(logical or physical, new, stack)

    provisioners._RESOURCE_HANDLERS[kind] = {
        'create': create,
        'update': update,
        'update_with_logical_id': True,
        'delete': delete,
    }


def _name(properties: Properties, member: str, stack: str, logical: str, length: int = 63) -> str:
    return str(properties.get(member) or provisioners._physical_name(stack, logical, max_len=length))


def _content(answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    """What a service answered; a refusal fails the resource with its text."""
    status, _headers, body = answer
    content: dict[str, Any] = json.loads(body) if body and body.lstrip()[:1] == b'{' else {}
    if status >= 400:
        text = content.get('message') or content.get('Message') or body.decode(errors='replace')
        raise ValueError(f'{content.get("__type", status)}: {text}')
    return content


def _call(service: str, prefix: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    headers = {
        'x-amz-target': f'{prefix}.{operation}',
        'content-type': 'application/x-amz-json-1.1',
        'host': f'{service}.{get_region()}.amazonaws.com',
        'authorization': f'AWS4-HMAC-SHA256 Credential={get_account_id()}/20200101/{get_region()}/{service}/x',
    }
    handler = app.SERVICE_HANDLERS.get(service)
    if handler is None:
        raise ValueError(f'{service} is not a service of the local cloud')
    return _content(app.call_service_handler_sync(handler, 'POST', '/', headers, json.dumps(request).encode(), {}))


# --- EMR, Glue, Athena, Logs


def _emr_create(logical: str, properties: Properties, stack: str) -> Made:
    name = _name(properties, 'Name', stack, logical, 10_280)
    if name in emr_security_configurations:
        raise ValueError(f'InvalidRequestException: SecurityConfiguration {name} already exists.')
    given = properties.get('SecurityConfiguration')
    if not given:
        raise ValueError('InvalidRequestException: SecurityConfiguration is required.')
    text = given if isinstance(given, str) else json.dumps(given)
    record = {'Name': name, 'SecurityConfiguration': text, 'CreationDateTime': now()}
    emr_security_configurations[name] = record
    return name, {}


def _emr_delete(physical: str, _properties: Properties) -> None:
    emr_security_configurations.pop(physical, None)


def _glue_create(logical: str, properties: Properties, stack: str) -> Made:
    name = _name(properties, 'Name', stack, logical, 255)
    _content(glue._create_security_configuration({**properties, 'Name': name}))
    return name, {}


def _glue_delete(physical: str, _properties: Properties) -> None:
    glue._delete_security_configuration({'Name': physical})


def _query_create(_logical: str, properties: Properties, _stack: str) -> Made:
    identity = _content(athena._create_named_query(properties))['NamedQueryId']
    return identity, {'NamedQueryId': identity}


def _query_delete(physical: str, _properties: Properties) -> None:
    athena._delete_named_query({'NamedQueryId': physical})


def _log_query_create(_logical: str, properties: Properties, _stack: str) -> Made:
    identity = new_uuid()
    _log_queries[identity] = {**properties, 'QueryDefinitionId': identity}
    return identity, {'QueryDefinitionId': identity}


def _log_query_delete(physical: str, _properties: Properties) -> None:
    _log_queries.pop(physical, None)


# --- EC2


def _rule(properties: Properties, group: str, peer_group: str, peer_list: str) -> dict[str, str]:
    """A security group rule as EC2's query protocol spells it."""
    prefix = 'IpPermissions.1'
    words = {
        'GroupId': properties.get('GroupId', ''),
        f'{prefix}.IpProtocol': str(properties.get('IpProtocol', '-1')),
        f'{prefix}.FromPort': str(properties.get('FromPort', '')),
        f'{prefix}.ToPort': str(properties.get('ToPort', '')),
        f'{prefix}.IpRanges.1.CidrIp': properties.get('CidrIp', ''),
        f'{prefix}.Ipv6Ranges.1.CidrIpv6': properties.get('CidrIpv6', ''),
        f'{prefix}.{group}.1.GroupId': properties.get(peer_group, ''),
        f'{prefix}.PrefixListIds.1.PrefixListId': properties.get(peer_list, ''),
        f'{prefix}.IpRanges.1.Description': properties.get('Description', '') if properties.get('CidrIp') else '',
    }
    return {key: value for key, value in words.items() if value != ''}


def _security_rule(direction: str, peer: str) -> tuple[Create, Delete]:
    lists = 'SourcePrefixListId' if direction == 'ingress' else 'DestinationPrefixListId'

    def parameters(properties: Properties) -> dict[str, str]:
        return _rule(properties, 'Groups', peer, lists)

    def create(_logical: str, properties: Properties, _stack: str) -> Made:
        asked = parameters(properties)
        _content(getattr(ec2, f'_authorize_sg_{direction}')(asked))
        rule = ec2._parse_ip_permissions(asked, 'IpPermissions')[0]
        identity = ec2._sg_rule_id(asked['GroupId'], direction == 'egress', rule)
        return identity, {'Id': identity}

    def delete(_physical: str, properties: Properties) -> None:
        getattr(ec2, f'_revoke_sg_{direction}')(parameters(properties))

    return create, delete


def _flow_create(_logical: str, properties: Properties, _stack: str) -> Made:
    before = set(ec2._flow_logs.keys())
    names = ('ResourceType', 'TrafficType', 'LogDestinationType', 'LogDestination', 'LogGroupName')
    asked = {name: properties[name] for name in names if properties.get(name)}
    _content(ec2._create_flow_logs({**asked, 'ResourceId.1': properties['ResourceId']}))
    identity = next(iter(set(ec2._flow_logs.keys()) - before))
    return identity, {'Id': identity}


def _flow_delete(physical: str, _properties: Properties) -> None:
    ec2._delete_flow_logs({'FlowLogId.1': physical})


def _with_cidr(make: Callable[..., Made]) -> Callable[..., Made]:
    def vpc(*args: Any) -> Made:
        physical, attributes = make(*args)
        vpc_record = ec2._vpcs.get(physical) or {}
        return physical, {'CidrBlock': vpc_record.get('CidrBlock', ''), 'VpcId': physical, **attributes}

    return vpc


def _with_expiry(make: Callable[..., Made]) -> Callable[..., Made]:
    def table(*args: Any) -> Made:
        physical, attributes = make(*args)
        # create(logical, properties, stack) or update(physical, old, new, stack, …)
        properties = args[1] if len(args) == 3 else args[2]
        wanted = properties.get('TimeToLiveSpecification') or {}
        current = (dynamodb._ttl_settings.get(physical) or {}).get('TimeToLiveStatus') == 'ENABLED'
        if bool(wanted.get('Enabled')) != current:
            previous = (dynamodb._ttl_settings.get(physical) or {}).get('AttributeName')
            name = wanted.get('AttributeName') or previous
            specification = {'Enabled': bool(wanted.get('Enabled')), 'AttributeName': name}
            _content(dynamodb._update_ttl({'TableName': physical, 'TimeToLiveSpecification': specification}))
        return physical, attributes

    return table


# --- SageMaker, Scheduler


def _group_create(logical: str, properties: Properties, stack: str) -> Made:
    name = _name(properties, 'ModelPackageGroupName', stack, logical)
    members = ('ModelPackageGroupDescription', 'Tags')
    request = {'ModelPackageGroupName': name, **{m: properties[m] for m in members if properties.get(m)}}
    made = _call('sagemaker', 'SageMaker', 'CreateModelPackageGroup', request)
    attributes = {'ModelPackageGroupArn': made['ModelPackageGroupArn'], 'ModelPackageGroupStatus': 'Completed'}
    return made['ModelPackageGroupArn'], attributes


def _group_delete(physical: str, _properties: Properties) -> None:
    name = physical.rsplit('/', 1)[-1]
    _call('sagemaker', 'SageMaker', 'DeleteModelPackageGroup', {'ModelPackageGroupName': name})


def _schedule_create(logical: str, properties: Properties, stack: str) -> Made:
    name = _name(properties, 'Name', stack, logical)
    _content(scheduler._create_schedule(name, properties))
    group = properties.get('GroupName', 'default')
    return name, {'Arn': arn('scheduler', f'schedule/{group}/{name}')}


def _schedule_delete(physical: str, properties: Properties) -> None:
    scheduler._delete_schedule(physical, {'groupName': properties.get('GroupName', 'default')})


def install() -> None:
    """Register the types."""
    register('AWS::EMR::SecurityConfiguration', _emr_create, _emr_delete)
    register('AWS::Glue::SecurityConfiguration', _glue_create, _glue_delete)
    register('AWS::Athena::NamedQuery', _query_create, _query_delete)
    register('AWS::Logs::QueryDefinition', _log_query_create, _log_query_delete)
    register('AWS::EC2::SecurityGroupIngress', *_security_rule('ingress', 'SourceSecurityGroupId'))
    register('AWS::EC2::SecurityGroupEgress', *_security_rule('egress', 'DestinationSecurityGroupId'))
    register('AWS::EC2::FlowLog', _flow_create, _flow_delete)
    register('AWS::SageMaker::ModelPackageGroup', _group_create, _group_delete)
    register('AWS::Scheduler::Schedule', _schedule_create, _schedule_delete)
    _wrap('AWS::EC2::VPC', _with_cidr)
    _wrap('AWS::DynamoDB::Table', _with_expiry)
    _wrap('AWS::DynamoDB::GlobalTable', _with_expiry)


def _wrap(kind: str, around: Callable[[Callable[..., Made]], Callable[..., Made]]) -> None:
    handlers = provisioners._RESOURCE_HANDLERS[kind]
    handlers.update({word: around(handlers[word]) for word in ('create', 'update') if word in handlers})
