"""Mend `route_throttling`: the routes of a deployed stage are limited as its settings say."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from presage_local.throttle import Bucket, limits, take
from tests.cloud import Cloud, wait_for

HOOK = 'mends/route_throttling.py: MiniStack keeps stages or answers requests otherwise than the mend expects'
SOURCE = 'export const handler = async () => ({ statusCode: 200, body: "hello" });'
# So slow that no bucket gains a token while a test runs.
SLOW = {'ThrottlingRateLimit': 0.01}


def template(function: str, **stage: Any) -> dict[str, Any]:
    """An API of two routes, `GET /own` and `GET /other`, and its stage."""
    routes = {
        name: {
            'Type': 'AWS::ApiGatewayV2::Route',
            'Properties': {
                'ApiId': {'Ref': 'Api'},
                'RouteKey': f'GET /{name.lower()}',
                'Target': {'Fn::Join': ['/', ['integrations', {'Ref': 'Integration'}]]},
            },
        }
        for name in ('Own', 'Other')
    }
    integration = {
        'Type': 'AWS::ApiGatewayV2::Integration',
        'Properties': {
            'ApiId': {'Ref': 'Api'},
            'IntegrationType': 'AWS_PROXY',
            'IntegrationUri': function,
            'PayloadFormatVersion': '2.0',
        },
    }
    made = {
        'Type': 'AWS::ApiGatewayV2::Stage',
        'DependsOn': list(routes),
        'Properties': {'ApiId': {'Ref': 'Api'}, 'StageName': '$default', 'AutoDeploy': True, **stage},
    }
    api = {'Type': 'AWS::ApiGatewayV2::Api', 'Properties': {'Name': 'throttled', 'ProtocolType': 'HTTP'}}
    return {'Resources': {'Api': api, 'Integration': integration, **routes, 'Stage': made}}


def deployed(cloud: Cloud, name: str, body: dict[str, Any]) -> str:
    """Create a stack; the status it ends with."""
    formation = cloud.client('cloudformation')
    formation.create_stack(StackName=name, TemplateBody=json.dumps(body))

    def done() -> str | None:
        status: str = formation.describe_stacks(StackName=name)['Stacks'][0]['StackStatus']
        return status if not status.endswith('IN_PROGRESS') else None

    return wait_for(done)


@pytest.fixture(scope='module')
def api(cloud: Cloud) -> Iterator[str]:
    """The API deployed with a limit for every route and another one for `GET /own`; its id."""
    body = template(
        cloud.function(SOURCE),
        DefaultRouteSettings={**SLOW, 'ThrottlingBurstLimit': 3},
        RouteSettings={'GET /own': {**SLOW, 'ThrottlingBurstLimit': 2}},
    )
    assert deployed(cloud, 'throttled', body) == 'CREATE_COMPLETE', HOOK
    resources = cloud.client('cloudformation').describe_stack_resources(StackName='throttled')['StackResources']
    yield next(r['PhysicalResourceId'] for r in resources if r['LogicalResourceId'] == 'Api')
    cloud.client('cloudformation').delete_stack(StackName='throttled')


def statuses(cloud: Cloud, api: str, path: str, count: int, method: str = 'GET') -> list[int]:
    """What so many requests are answered, one after the other."""
    found = []
    for _ in range(count):
        request = urllib.request.Request(f'{cloud.endpoint}/_aws/execute-api/{api}/$default{path}', method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                found.append(answer.status)
        except urllib.error.HTTPError as error:
            if error.code == 429:
                assert json.loads(error.read()) == {'message': 'Too Many Requests'}, HOOK
            found.append(error.code)
    return found


def test_a_route_has_its_own_limit_and_the_others_the_stage_s(cloud: Cloud, api: str) -> None:
    assert statuses(cloud, api, '/own', 3) == [200, 200, 429], HOOK
    assert statuses(cloud, api, '/other', 4) == [200, 200, 200, 429], HOOK


def test_what_is_no_route_is_not_counted(cloud: Cloud, api: str) -> None:
    assert statuses(cloud, api, '/nowhere', 5) == [404] * 5


def test_the_settings_of_a_template_are_those_the_api_tells(cloud: Cloud, api: str) -> None:
    stage = cloud.client('apigatewayv2').get_stage(ApiId=api, StageName='$default')
    assert stage['DefaultRouteSettings'] == {'ThrottlingRateLimit': 0.01, 'ThrottlingBurstLimit': 3}, HOOK
    assert stage['RouteSettings']['GET /own']['ThrottlingBurstLimit'] == 2, HOOK


def test_a_stage_that_names_a_route_which_is_not_there_is_refused(cloud: Cloud) -> None:
    body = template(cloud.function(SOURCE), RouteSettings={'GET /nobody': {'ThrottlingBurstLimit': 2}})
    assert deployed(cloud, 'no-such-route', body) == 'ROLLBACK_COMPLETE', HOOK
    events = cloud.client('cloudformation').describe_stack_events(StackName='no-such-route')['StackEvents']
    reasons = ' '.join(event.get('ResourceStatusReason', '') for event in events)
    assert 'Unable to find Route by key GET /nobody within the provided RouteSettings' in reasons, HOOK


def test_a_bucket_holds_the_burst_and_gains_the_rate() -> None:
    bucket: Bucket | None = None
    taken = []
    for now in (0, 0, 0, 0.5, 1, 10, 10, 10):
        there, bucket = take(bucket, rate=1, burst=2, now=now)
        taken.append(there)
    assert taken == [True, True, False, False, True, True, True, False]


def test_a_burst_of_nothing_lets_nobody_pass() -> None:
    assert not take(None, rate=10, burst=0, now=0)[0]


@pytest.mark.parametrize(
    ('stage', 'found'),
    [
        ({}, None),
        ({'defaultRouteSettings': {'detailedMetricsEnabled': True}}, None),
        ({'defaultRouteSettings': {'throttlingRateLimit': 5}}, (5, 5000)),
        ({'defaultRouteSettings': {'ThrottlingBurstLimit': '7'}}, (10_000, 7)),
        (
            {
                'defaultRouteSettings': {'throttlingRateLimit': 5},
                'routeSettings': {'GET /a': {'throttlingBurstLimit': 1}},
            },
            (10_000, 1),
        ),
        ({'defaultRouteSettings': {'throttlingRateLimit': 5}, 'routeSettings': {'GET /b': {}}}, (5, 5000)),
    ],
)
def test_a_route_s_settings_replace_the_stage_s_as_a_whole(
    stage: dict[str, Any], found: tuple[float, float] | None
) -> None:
    assert limits(stage, 'GET /a') == found
