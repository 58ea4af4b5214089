"""A DynamoDB of one table in this process, which refuses what DynamoDB refuses and can be told to be busy."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Item = dict[str, Any]


class Refused(Exception):
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class DynamoServer:
    """`items` is the table; `plan` says what becomes of the next writes: an error code, or how many items to take."""

    def __init__(self, table: str, key: list[str]) -> None:
        self.table, self.key = table, key
        self.empty()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            wbufsize = -1  # head and body in one go: in two, each answer would wait 40 ms for the client's word

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                try:
                    status, answer = 200, outer.answer(self.headers['X-Amz-Target'].split('.')[1], body)
                except Refused as error:
                    status, answer = error.status, {'__type': f'com.amazonaws#{error.code}', 'message': str(error)}
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header('Content-Type', 'application/x-amz-json-1.0')
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self._server.server_port}'
        # Looks often whether it is to end: half a second, the default, would be most of a test's time.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def empty(self) -> None:
        self.items: dict[str, Item] = {}
        self.plan: deque[str | int] = deque()
        self.puts = 0
        self.attributes_read = 0
        self.requests: list[str] = []

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self.requests.append(operation)
            if self.table not in body['RequestItems']:
                raise Refused('ResourceNotFoundException', 'Requested resource not found')
            return {'BatchGetItem': self._get, 'BatchWriteItem': self._write}[operation](
                body['RequestItems'][self.table]
            )

    def _key_of(self, item: Item) -> str:
        return json.dumps([item[name] for name in self.key])

    def _distinct(self, keys: list[str], most: int) -> None:
        if len(keys) > most:
            raise Refused('ValidationException', f'Too many items requested: {len(keys)}')
        if len(set(keys)) < len(keys):
            raise Refused('ValidationException', 'Provided list of item keys contains duplicates')

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        keys = [self._key_of(key) for key in request['Keys']]
        self._distinct(keys, 100)
        taken = 60  # an answer that would be too large leaves keys unread
        found = [self.items[key] for key in keys[:taken] if key in self.items]
        if projection := request.get('ProjectionExpression'):
            names = [request['ExpressionAttributeNames'][name] for name in projection.split(',')]
            found = [{name: item[name] for name in names if name in item} for item in found]
        self.attributes_read += sum(map(len, found))
        rest = request['Keys'][taken:]
        return {
            'Responses': {self.table: found},
            'UnprocessedKeys': {self.table: {'Keys': rest}} if rest else {},
        }

    def _write(self, requests: list[dict[str, Any]]) -> dict[str, Any]:
        items = [request['PutRequest']['Item'] for request in requests]
        self._distinct([self._key_of(item) for item in items], 25)
        taken = len(items)
        if self.plan:
            step = self.plan.popleft()
            if isinstance(step, str):
                raise Refused(step, 'as planned', 500 if step == 'InternalServerError' else 400)
            taken = step
        for item in items[:taken]:
            self.puts += 1
            self.items[self._key_of(item)] = item
        return {'UnprocessedItems': {self.table: requests[taken:]} if requests[taken:] else {}}
