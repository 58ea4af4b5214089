"""The stages of HTTP APIs throttle: `ThrottlingRateLimit` and `ThrottlingBurstLimit`, by route.

MiniStack keeps the settings and never looks at them. On AWS each route of a stage has a token bucket: the burst is what
it holds, the rate what it gains a second; a request that finds it empty is 429 `{"message":"Too Many Requests"}`. A
route's own settings stand in the place of the stage's default ones as a whole; a limit that neither names is the
account's. Preflight requests are answered before.

CloudFormation's settings come with other spellings than the API's, which GetStage would lose: they are spelled as the
API's. And as on AWS a stage whose RouteSettings name a route that is not there (yet) is refused, so that a template
that forgets to let the stage wait for its routes fails here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ministack.services.apigateway as apigateway
import ministack.services.cloudformation.provisioners as provisioners

from ..throttle import Bucket, Settings, limits, spelled, take

_TOO_MANY = b'{"message":"Too Many Requests"}'
_buckets: dict[tuple[str, str, str], Bucket] = {}


def _throttled(api: str, stage: str, method: str, path: str) -> bool:
    found = (apigateway._stages.get(api) or {}).get(stage)
    route = apigateway._match_route(api, method, '/' + path.lstrip('/'))
    if found is None or route is None:
        return False
    key = route.get('routeKey', '$default')
    given = limits(found, key)
    if given is None:
        return False
    there, _buckets[(api, stage, key)] = take(_buckets.get((api, stage, key)), *given, time.monotonic())
    return not there


def _check_routes(properties: Settings) -> None:
    routes = apigateway._routes.get(properties.get('ApiId', '')) or {}
    known = {route.get('routeKey') for route in routes.values()}
    for key in properties.get('RouteSettings') or {}:
        if key not in known:
            raise ValueError(f'NotFoundException: Unable to find Route by key {key} within the provided RouteSettings')


def install() -> None:
    """Take a token before a request's authorizer and integration; read CloudFormation's settings as the API's."""
    handle, read = apigateway._handle_execute_in_scope, provisioners._apigw_v2_stage_props

    async def handle_if_there_is_a_token(api: str, stage: str, path: str, method: str, *rest: Any) -> Any:
        if method != 'OPTIONS' and _throttled(api, stage, method, path):
            return 429, {'Content-Type': 'application/json'}, _TOO_MANY
        return await handle(api, stage, path, method, *rest)

    def read_as_the_api(properties: Settings) -> Settings:
        record: Settings = read(properties)
        record['defaultRouteSettings'] = spelled(record.get('defaultRouteSettings'))
        by_route = record.get('routeSettings') or {}
        record['routeSettings'] = {key: spelled(settings) for key, settings in by_route.items()}
        return record

    apigateway._handle_execute_in_scope = handle_if_there_is_a_token
    provisioners._apigw_v2_stage_props = read_as_the_api
    handlers = provisioners._RESOURCE_HANDLERS['AWS::ApiGatewayV2::Stage']
    handlers.update(create=_after_check(handlers['create'], 1), update=_after_check(handlers['update'], 2))


def _after_check(make: Callable[..., Any], place: int) -> Callable[..., Any]:
    """`place` is where the new properties stand: create(logical, properties, …), update(physical, old, new, …)."""

    def checked(*args: Any, **named: Any) -> Any:
        _check_routes(args[place])
        return make(*args, **named)

    return checked
