"""A custom resource that cannot answer fails its stack soon, with the reason.

MiniStack waits an hour for the answer of a custom resource's function, also after the function has failed. CDK's own
handlers (`autoDeleteObjects`, log retention, bucket deployment) answer over https only, which the local endpoint is
not: a stack with one hangs. On AWS they work; here the stack fails at once with the function's error, or after a
minute of silence.
"""

from __future__ import annotations

from typing import Any

import ministack.services.cloudformation.custom_resource as custom_resource
import ministack.services.lambda_svc as lambda_service

SILENCE_SECONDS = 60


def install() -> None:
    """Shorten the default wait and answer for a function that failed."""
    invoke, execute = custom_resource.invoke_custom_resource, lambda_service._execute_function_with_config_scope

    def invoke_briefly(kind: str, logical: str, properties: dict[str, Any], *args: Any, **options: Any) -> Any:
        return invoke(kind, logical, {'ServiceTimeout': SILENCE_SECONDS, **properties}, *args, **options)

    def execute_and_tell(function: dict[str, Any], event: Any) -> Any:
        result = execute(function, event)
        if isinstance(event, dict) and 'ResponseURL' in event and 'RequestType' in event and result.get('error'):
            body = result.get('body')
            why = body.get('errorMessage') if isinstance(body, dict) else body
            reason = f'The function of the custom resource failed: {why}'
            token = str(event['ResponseURL']).rsplit('/', 1)[-1]
            custom_resource.deliver_response(token, {'Status': 'FAILED', 'Reason': reason})
        return result

    custom_resource.invoke_custom_resource = invoke_briefly
    lambda_service._execute_function_with_config_scope = execute_and_tell
