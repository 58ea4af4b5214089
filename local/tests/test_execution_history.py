"""Mend `execution_history`: what happened inside Parallel and Map is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import Cloud

HOOK = 'mends/execution_history.py: MiniStack keeps history otherwise than the mend expects'


@pytest.fixture(scope='module')
def events(cloud: Cloud) -> list[dict[str, Any]]:
    def branch(name: str) -> dict[str, Any]:
        state = {'Type': 'Pass', 'Parameters': {'at.$': '$$.State.Name'}, 'End': True}
        return {'StartAt': name, 'States': {name: state}}

    states = {
        'Both': {
            'Type': 'Parallel',
            'Branches': [branch('Left'), branch('Right')],
            'ResultPath': '$.both',
            'Next': 'Each',
        },
        'Each': {'Type': 'Map', 'ItemsPath': '$.items', 'ItemProcessor': branch('Item'), 'End': True},
    }
    ended = cloud.run(cloud.machine({'StartAt': 'Both', 'States': states}), {'items': ['a', 'b']})
    assert ended['status'] == 'SUCCEEDED', f'{HOOK}: {ended}'
    return cloud.history(ended['executionArn'])


def entered(events: list[dict[str, Any]]) -> list[str]:
    return [e['stateEnteredEventDetails']['name'] for e in events if e['type'].endswith('StateEntered')]


def test_states_inside_branches_and_iterations_are_entered_and_exited(events: list[dict[str, Any]]) -> None:
    assert sorted(entered(events)) == ['Both', 'Each', 'Item', 'Item', 'Left', 'Right'], HOOK
    assert len([e for e in events if e['type'].endswith('StateExited')]) == 6, HOOK


def test_iterations_tell_their_state_and_index(events: list[dict[str, Any]]) -> None:
    started = [e['mapIterationStartedEventDetails'] for e in events if e['type'] == 'MapIterationStarted']
    assert sorted((d['name'], d['index']) for d in started) == [('Each', 0), ('Each', 1)], HOOK


def test_each_branch_sees_its_own_state_name(events: list[dict[str, Any]]) -> None:
    left = {
        e['stateExitedEventDetails']['name']: e['stateExitedEventDetails']['output']
        for e in events
        if e['type'] == 'PassStateExited'
    }
    assert left['Left'] == '{"at": "Left"}', HOOK
    assert left['Right'] == '{"at": "Right"}', HOOK


def test_ids_are_unique_and_each_event_names_an_earlier_one(events: list[dict[str, Any]]) -> None:
    assert [e['id'] for e in events] == list(range(1, len(events) + 1)), HOOK
    assert all(e['previousEventId'] < e['id'] for e in events[1:]), HOOK
