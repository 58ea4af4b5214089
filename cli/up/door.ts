import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from '#cli/context.ts';
import type { SiteFile } from '#cli/up/site.ts';

/** A request that was answered. */
export interface Visit {
  method: string;
  /** Without keys and values: `/predictions/reorder/…`. */
  route: string;
  status: number;
  milliseconds: number;
}

/** The one address people use: the page, and the API below it, as a distribution and its gateway would answer. */
export interface Door {
  url: string;
  port: number;
  /** Until it is called, pages are 503. */
  show(files: ReadonlyMap<string, SiteFile>): void;
  /** Until it is called, the API is 503. `url` is that of the local cloud. */
  passOnTo(url: string): void;
}

/** Paths of the API; everything else is a file of the page. */
const API_PATH = /^\/(?:page\/|predictions\/|(?:vouchers|health|openapi\.json)$|[a-z][a-z0-9-]*\/score$)/;
/** What a gateway would pass on. Others could lead a request to another service of the local cloud. */
const PASSED_ON = ['accept', 'accept-language', 'authorization', 'content-type', 'origin', 'user-agent'];
const CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', 'server']);
/** As an HTTP API has it. */
const MOST_BYTES = 10 * 1024 * 1024;

/** Opens a port of 127.0.0.1, 0 for a free one. The error of `listen` when it is in use. */
export async function openDoor(context: Context, port: number, onVisit: (visit: Visit) => void): Promise<Door> {
  let files: ReadonlyMap<string, SiteFile> | undefined;
  let api: URL | undefined;
  const server = createServer((incoming, outgoing) => {
    const startedAt = performance.now();
    const path = (incoming.url ?? '/').split('?')[0] ?? '/';
    const isApi = API_PATH.test(path);
    outgoing.on('close', () => {
      if (!isApi && path !== '/' && outgoing.statusCode < 400) return; // parts of a page
      const { method = '' } = incoming;
      const milliseconds = performance.now() - startedAt;
      onVisit({ method, route: routeOf(path), status: outgoing.statusCode, milliseconds });
    });
    if (!isOurs(incoming, server)) refuse(outgoing, 421, 'This address is not ours.');
    else if (!isApi) giveFile(incoming, outgoing, files, path);
    else if (!api) notYet(outgoing, 'The API is being deployed: try again in a moment.');
    else passOn(incoming, outgoing, api);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  context.defer(
    () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  );
  const { port: found } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${found}`,
    port: found,
    show: (shown) => {
      files = shown;
    },
    passOnTo: (url) => {
      api = new URL(url);
    },
  };
}

/** A name that somebody points to 127.0.0.1 must not make a page elsewhere of the same origin as ours. */
function isOurs({ headers: { host } }: IncomingMessage, server: Server): boolean {
  const { port } = server.address() as AddressInfo;
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

function giveFile(
  { method }: IncomingMessage,
  outgoing: ServerResponse,
  files: ReadonlyMap<string, SiteFile> | undefined,
  path: string,
): void {
  const file = files?.get(path);
  if (!files) notYet(outgoing, 'The page is being built: try again in a moment.');
  else if (!file) refuse(outgoing, 404, 'There is nothing at this address.');
  else if (method !== 'GET' && method !== 'HEAD') refuse(outgoing, 405, 'A page is asked for with GET.');
  else {
    outgoing.writeHead(200, { ...file.headers, 'content-length': file.body.length });
    outgoing.end(method === 'HEAD' ? undefined : file.body);
  }
}

function passOn(incoming: IncomingMessage, outgoing: ServerResponse, api: URL): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MOST_BYTES) chunks.push(chunk);
  });
  incoming.on('end', () => {
    if (bytes > MOST_BYTES) return refuse(outgoing, 413, 'Request Too Long');
    const given = PASSED_ON.flatMap((name) => (incoming.headers[name] ? [[name, incoming.headers[name]]] : []));
    const headers = { ...Object.fromEntries(given), 'content-length': bytes } as Record<string, string | number>;
    const onward = request(
      {
        host: api.hostname,
        port: api.port,
        method: incoming.method,
        path: `${api.pathname}${incoming.url}`, // as it came: what is escaped stays escaped
        headers,
      },
      (answer) => {
        const kept = Object.entries(answer.headers).filter(([name]) => !CONNECTION.has(name));
        outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy();
      else refuse(outgoing, 502, 'The local cloud does not answer.');
    });
    outgoing.on('close', () => onward.destroy());
    onward.end(Buffer.concat(chunks));
  });
}

function notYet(outgoing: ServerResponse, message: string): void {
  outgoing.setHeader('retry-after', '5');
  refuse(outgoing, 503, message);
}

/** In the shape of the API's own refusals. */
function refuse(outgoing: ServerResponse, status: number, message: string): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' });
  outgoing.end(JSON.stringify({ message }));
}

/** Keys are about people: of a look-up only the pipeline is told. */
function routeOf(path: string): string {
  const shown = path.replace(/^(\/predictions\/[^/]*)\/.*$/, '$1/…').replaceAll(/[^\x20-\x7e…]/g, '?');
  return shown.length > 60 ? `${shown.slice(0, 59)}…` : shown;
}
