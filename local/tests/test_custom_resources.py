"""Mend `custom_resources`: one that cannot answer fails its stack at once, one that answers works."""

from __future__ import annotations

import json

from tests.cloud import Cloud, wait_for

HOOK = 'mends/custom_resources.py: MiniStack runs custom resources otherwise than the mend expects'
ANSWERING = """
export const handler = async (event) => {
  const { StackId, RequestId, LogicalResourceId } = event;
  const answer = { Status: 'SUCCESS', PhysicalResourceId: 'made', StackId, RequestId, LogicalResourceId, Data: {} };
  await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify(answer) });
};
"""
FAILING = 'export const handler = async () => { throw new Error("no https here"); };'


def deploy(cloud: Cloud, name: str, function: str) -> tuple[str, str]:
    formation = cloud.client('cloudformation')
    resource = {'Type': 'Custom::Thing', 'Properties': {'ServiceToken': function}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({'Resources': {'Thing': resource}}))

    def done() -> str | None:
        status: str = formation.describe_stacks(StackName=name)['Stacks'][0]['StackStatus']
        return None if status.endswith('IN_PROGRESS') else status

    status = wait_for(done, 15)
    events = formation.describe_stack_events(StackName=name)['StackEvents']
    return status, ' '.join(event.get('ResourceStatusReason', '') for event in events)


def test_one_whose_function_fails_fails_the_stack_with_its_error(cloud: Cloud) -> None:
    status, reasons = deploy(cloud, 'custom-bad', cloud.function(FAILING))
    assert status == 'ROLLBACK_COMPLETE'
    assert 'no https here' in reasons


def test_one_that_answers_is_made(cloud: Cloud) -> None:
    assert deploy(cloud, 'custom-good', cloud.function(ANSWERING))[0] == 'CREATE_COMPLETE'
