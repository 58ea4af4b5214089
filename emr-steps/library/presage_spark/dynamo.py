"""Writing many items to one DynamoDB table: in batches, patiently, and not twice.

Neither Spark nor boto3 has it whole: boto3's batch writer retries what DynamoDB hands back at once and for ever, does
not count, and writes items that are there already.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Item = dict[str, dict[str, Any]]
Found = dict[tuple[Any, ...], Item]

READ_BATCH = 100  # keys of one BatchGetItem; DynamoDB's limit
WRITE_BATCH = 25  # items of one BatchWriteItem; DynamoDB's limit
FIRST_WAIT = 0.05  # seconds; doubled with every try that got nothing done
LONGEST_WAIT = 20.0
TRIES = 12  # in a row without any progress: with the waits above about a minute on average

# An item of the same run that expires less than a day before the wanted time is left alone: a repeated push counts
# its time to live from a later moment, and would otherwise rewrite everything for these minutes.
TTL_TOLERANCE = 86_400

# Which push an item is of.
STAMP = ('run_date', 'model')

BUSY = {
    'InternalServerError',
    'ItemCollectionSizeLimitExceededException',
    'LimitExceededException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'ServiceUnavailable',
    'ThrottlingException',
    'TransactionInProgressException',
}


@dataclass
class Counts:
    """What became of the items given: their sum is how many there were."""

    written: int = 0
    unchanged: int = 0
    failed: int = 0
    # Of the unchanged, those whose item in the table is of a later run date.
    newer: int = 0
    # Why items failed, in DynamoDB's word.
    reason: str = ''


@functools.cache
def client_of(region: str) -> Any:
    """One per worker process, for all its tasks: to make it takes as long as to write a thousand items."""
    import boto3  # on the workers only
    from botocore.config import Config

    retries: Any = {'total_max_attempts': 1}  # DynamoWriter retries, and counts
    # Every attribute was made by `attribute`; to look at each again is a quarter of a worker's time.
    config = Config(retries=retries, read_timeout=30, parameter_validation=False)
    return boto3.client('dynamodb', region_name=region, config=config)


class DynamoWriter:
    """Puts items into one table. `key` are the table's key attributes; `client` is a boto3 DynamoDB client.

    Before a batch is written it is read what its keys have: an item that is there with the same attributes (and at most
    a day less to live) is left alone, and so is one of a later `run_date`. Reading first costs a tenth of the capacity
    of a write; it makes a repeated push cheap and the push of an older day harmless. Conditional writes would do the
    same but cannot be sent in batches. Nobody else writes meanwhile: a pipeline runs once at a time.

    Whose items they are is asked first, and only those of this very run and model are read whole: a new day finds those
    of the day before, and to take all their attributes apart would be a quarter of its time.

    Throttling, faults of the service and items handed back are tried again with growing, random waits. If nothing at
    all gets through for a whole round of tries, this and all further items are counted as failed. Everything else
    (no such table, access denied, an item DynamoDB refuses) is raised at once.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        key: list[str],
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._table = table
        self._key = key
        self._sleep = sleep
        self._jitter = jitter

    def push(self, items: Iterable[Item]) -> Counts:
        """Writes what is not there yet. ValueError if two items close to each other have the same key."""
        counts = Counts()
        for chunk in batches(items, READ_BATCH):
            if counts.reason:
                counts.failed += len(chunk)
                continue
            by_key = {self._key_of(item): item for item in chunk}
            if len(by_key) < len(chunk):
                raise ValueError(f'{len(chunk) - len(by_key)} items repeat the key of another')
            stamps, counts.reason = self._read(chunk, STAMP)
            older = {key: item for key, item in by_key.items() if not newer(stamps.get(key), item)}
            own = [item for key, item in older.items() if same_stamp(item, stamps.get(key))]
            there: Found = {}
            if own and not counts.reason:
                there, counts.reason = self._read(own)
            changed = [item for key, item in older.items() if not same(item, there.get(key))]
            if counts.reason:  # what could not be looked at may be newer
                counts.failed += len(chunk)
                continue
            counts.newer += len(chunk) - len(older)
            counts.unchanged += len(chunk) - len(changed)
            for batch in batches(changed, WRITE_BATCH):
                left = len(batch)
                if not counts.reason:
                    left, counts.reason = self._write(batch)
                counts.written += len(batch) - left
                counts.failed += left
        return counts

    def _key_of(self, item: Item) -> tuple[Any, ...]:
        return tuple(plain(item[name]) for name in self._key)

    def _read(self, items: list[Item], only: Sequence[str] = ()) -> tuple[Found, str]:
        """What the table has under the keys of these items, by key; and why not everything could be read.

        With `only`, of each item these attributes and its key.
        """
        found: Found = {}
        names = {f'#{i}': name for i, name in enumerate([*self._key, *only])}
        what = {'ProjectionExpression': ','.join(names), 'ExpressionAttributeNames': names} if only else {}

        def send(keys: list[Item]) -> list[Item]:
            answer = self._client.batch_get_item(RequestItems={self._table: {'Keys': keys, **what}})
            for item in answer['Responses'].get(self._table, []):
                found[self._key_of(item)] = item
            return answer.get('UnprocessedKeys', {}).get(self._table, {}).get('Keys', [])

        _, reason = self._patiently(send, [{name: item[name] for name in self._key} for item in items])
        return found, reason

    def _write(self, items: list[Item]) -> tuple[int, str]:
        """How many of these items did not get through, and why."""

        def send(requests: list[Any]) -> list[Any]:
            answer = self._client.batch_write_item(RequestItems={self._table: requests})
            return answer.get('UnprocessedItems', {}).get(self._table, [])

        left, reason = self._patiently(send, [{'PutRequest': {'Item': item}} for item in items])
        return len(left), reason

    def _patiently(self, send: Callable[[list[Any]], list[Any]], left: list[Any]) -> tuple[list[Any], str]:
        """Sends until nothing is handed back; gives up after `TRIES` in a row that moved nothing."""
        idle = 0
        while True:
            reason = 'DynamoDB kept handing items back'
            try:
                rest = send(left)
            except Exception as error:
                busy = busy_reason(error)
                if busy is None:
                    raise
                rest, reason = left, busy
            if not rest:
                return [], ''
            idle = idle + 1 if len(rest) == len(left) else 0
            if idle == TRIES:
                return rest, reason
            left = rest
            # Full jitter: writers that were throttled together do not come back together.
            self._sleep(min(LONGEST_WAIT, FIRST_WAIT * 2**idle) * self._jitter())


def busy_reason(error: Exception) -> str | None:
    """Why it is worth trying again; None if it is not."""
    response = getattr(error, 'response', None)
    if isinstance(response, dict):
        code = str(response.get('Error', {}).get('Code', ''))
        status = response.get('ResponseMetadata', {}).get('HTTPStatusCode', 0)
        return code if code in BUSY or status >= 500 else None
    # botocore's connection errors, by name: this module does without botocore.
    names = {base.__name__ for base in type(error).__mro__}
    return f'{type(error).__name__}: {error}' if names & {'HTTPClientError', 'ConnectionError'} else None


def newer(there: Item | None, item: Item) -> bool:
    """Whether what is there was predicted for a later day."""
    if there is None or 'run_date' not in there or 'run_date' not in item:
        return False
    return bool(there['run_date'].get('S', '') > item['run_date'].get('S', ''))


def same_stamp(item: Item, there: Item | None) -> bool:
    return there is not None and all(item.get(name) == there.get(name) for name in STAMP)


def same(item: Item, there: Item | None) -> bool:
    """Whether writing `item` over `there` would change anything but its time to live by less than a day."""
    if there is None or item.keys() != there.keys():
        return False
    if 'ttl' in item and plain(there['ttl']) < plain(item['ttl']) - TTL_TOLERANCE:
        return False
    return all(plain(value) == plain(there[name]) for name, value in item.items() if name != 'ttl')


def plain(value: dict[str, Any]) -> Any:
    """An attribute value that can be compared: DynamoDB gives numbers back in a form of its own (`0.50` as `0.5`)."""
    kind, content = next(iter(value.items()))
    return Decimal(content) if kind == 'N' else (kind, content)


SMALLEST, LARGEST = Decimal('1e-130'), Decimal('9.9999999999999999999999999999999999999e125')


def attribute(value: Any) -> dict[str, Any]:
    """A value as an attribute. Numbers keep every digit that tells them from their neighbours.

    ValueError for numbers DynamoDB cannot hold; those closer to zero than it can tell are zero.
    """
    if isinstance(value, bool):
        return {'BOOL': value}
    if isinstance(value, (int, float, Decimal)):
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not number.is_finite() or abs(number) > LARGEST:
            raise ValueError(f'DynamoDB has no number {value}')
        return {'N': str(number) if abs(number) >= SMALLEST else '0'}
    if isinstance(value, datetime.datetime):
        return {'S': value.isoformat(sep=' ')}
    if isinstance(value, datetime.date):
        return {'S': value.isoformat()}
    if isinstance(value, str):
        return {'S': value}
    raise ValueError(f'{type(value).__name__} is no type of a prediction column')


def batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    stream = iter(items)
    while batch := list(itertools.islice(stream, size)):
        yield batch
