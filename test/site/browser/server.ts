import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { cacheControlOf, SITE_HEADERS } from '#lib/serving/site-headers.ts';

/** What the API answers to a request, or that it breaks the connection off. */
export type Reply = { status: number; body: unknown; headers?: Record<string, string> } | 'breaks off' | 'not JSON';

export interface Seen {
  method: string;
  path: string;
  token?: string;
  body?: unknown;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The built page with its real headers, and in place of the API what a test says. */
export class PageServer {
  readonly seen: Seen[] = [];
  private readonly folder: string;
  private readonly server = createServer((request, response) => void this.answer(request, response));
  private readonly replies = new Map<string, Reply[]>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Replies to `GET /predictions/reorder/7` and the like, one after the other; the last one stays. */
  repliesTo(request: string, ...replies: Reply[]): void {
    this.replies.set(request, replies);
  }

  forget(): void {
    this.replies.clear();
    this.seen.length = 0;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '/', 'http://page');
    if (/^\/(page|predictions)\/|^\/health$/.test(pathname)) return this.api(pathname + search, request, response);
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    const file = join(this.folder, name);
    const there = !name.includes('..') && existsSync(file);
    response.writeHead(there ? 200 : 404, {
      ...SITE_HEADERS,
      'content-type': TYPES[extname(file)] ?? 'text/plain',
      'cache-control': cacheControlOf(name),
    });
    response.end(there ? readFileSync(file) : '');
  }

  private async api(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { method = '', headers } = request;
    this.seen.push({
      method,
      path,
      ...(headers.authorization ? { token: headers.authorization } : {}),
      ...(text ? { body: JSON.parse(text) } : {}),
    });
    const queue = this.replies.get(`${method} ${path}`) ?? [];
    const reply = (queue.length > 1 ? queue.shift() : queue[0]) ?? { status: 404, body: { message: 'Not Found' } };
    if (reply === 'breaks off') return void request.socket.destroy();
    if (reply === 'not JSON')
      return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(JSON.stringify(reply.body));
  }
}
