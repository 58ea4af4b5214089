import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Door, openDoor, type Visit } from '#cli/up/door.ts';

/** The address of `presage up`, with an API behind it that tells what it was asked. */
let door: Door;
let api: Server;
let visits: Visit[];
let cleanups: (() => Promise<void> | void)[];
const context = {
  signal: new AbortController().signal,
  abort: () => {},
  defer: (cleanup: () => Promise<void> | void) => void cleanups.push(cleanup),
};
const page = {
  body: Buffer.from('<h1>Presage</h1>'),
  headers: { 'content-type': 'text/html', 'x-frame-options': 'DENY' },
};

beforeEach(async () => {
  visits = [];
  cleanups = [];
  door = await openDoor(context, 0, (visit) => visits.push(visit));
  api = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk) => (body += chunk));
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      outgoing.writeHead(url?.includes('gone') ? 404 : 200, { 'content-type': 'application/json', 'x-ours': 'yes' });
      outgoing.end(JSON.stringify({ method, url, headers, body }));
    });
  });
  await new Promise<void>((listening) => api.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  for (const cleanup of cleanups) await cleanup();
  api.closeAllConnections();
  api.close();
});

const open = () => {
  door.show(new Map([['/', page]]));
  door.passOnTo(`http://127.0.0.1:${(api.address() as AddressInfo).port}/_aws/execute-api/abc/$default`);
};
const ask = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${door.url}${path}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
};
/** Without what `fetch` would make tidy. */
const raw = (path: string, headers: IncomingHttpHeaders) =>
  new Promise<number>((resolve, reject) => {
    request({ host: '127.0.0.1', port: door.port, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

describe('the page', () => {
  it('is given out with its own headers, and nothing beside it', async () => {
    open();
    const { status, headers, text } = await ask('/?x=1');
    expect([status, text, headers.get('x-frame-options')]).toEqual([200, '<h1>Presage</h1>', 'DENY']);
    for (const path of ['/index.php', '/../package.json', '/%2e%2e/package.json', '/predictions', '/reorder/scores'])
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
    expect((await ask('/', { method: 'HEAD' })).text).toBe('');
    expect((await ask('/', { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('and the API are 503 while they are being made', async () => {
    for (const path of ['/', '/health']) {
      const { status, headers, text } = await ask(path);
      expect([status, headers.get('retry-after')]).toEqual([503, '5']);
      expect(JSON.parse(text).message).toMatch(/try again/);
    }
  });
});

describe('the API', () => {
  it('gets its paths as they came, with the headers a gateway passes on and no others', async () => {
    open();
    const paths = [
      '/predictions/vouchers/a%2Fb%20%25/x?limit=1&after=%3D',
      '/page/vouchers',
      '/vouchers',
      '/health',
      '/openapi.json',
      '/conversion-rate/score',
    ];
    const headers = {
      authorization: 'Bearer t',
      'content-type': 'text/csv',
      'x-amz-target': 'DynamoDB.Scan',
      cookie: 'c',
    };
    for (const path of paths) {
      const { status, headers: answered, text } = await ask(path, { method: 'POST', body: '1,2', headers });
      const seen = JSON.parse(text);
      expect([status, answered.get('x-ours')]).toEqual([200, 'yes']);
      expect(seen).toMatchObject({ method: 'POST', url: `/_aws/execute-api/abc/$default${path}`, body: '1,2' });
      expect(seen.headers).toMatchObject({ authorization: 'Bearer t', 'content-type': 'text/csv' });
      expect([seen.headers['x-amz-target'], seen.headers.cookie]).toEqual([undefined, undefined]);
    }
  });

  it('is told of without keys', async () => {
    open();
    await ask('/predictions/reorder/7/9');
    await ask('/predictions/reorder/gone');
    await expect
      .poll(() => visits.map(({ route, status }) => [route, status]))
      .toEqual([
        ['/predictions/reorder/…', 200],
        ['/predictions/reorder/…', 404],
      ]);
  });

  it('refuses what is too long, and answers in its shape when there is nobody behind', async () => {
    open();
    expect((await ask('/vouchers', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) })).status).toBe(413);
    api.closeAllConnections();
    await new Promise((closed) => api.close(closed));
    const { status, text } = await ask('/health');
    expect([status, JSON.parse(text)]).toEqual([502, { message: 'The local cloud does not answer.' }]);
  });
});

it('another name for this machine is refused: no foreign page is of our origin', async () => {
  open();
  expect(await raw('/', { host: `127.0.0.1:${door.port}` })).toBe(200);
  expect(await raw('/', { host: `localhost:${door.port}` })).toBe(200);
  expect(await raw('/health', { host: `evil.example:${door.port}` })).toBe(421);
});

it('a port in use is an error', async () => {
  await expect(openDoor(context, door.port, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
