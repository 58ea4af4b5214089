// The Lambda Runtime API's client for Node: what AWS's own runtime does between two invocations.
// Errors keep their names (errorType), so a state machine's Retry and Catch match here as on AWS.
// By hand because aws-lambda-ric is a native module that builds curl; this file needs Node and nothing else.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true });

/** One request to the Runtime API: { status, headers, body }. */
function call(method, resource, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, path: `/2018-06-01/runtime/${resource}`, headers, agent };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

function describe(error, type) {
  const isError = error instanceof Error || (error && typeof error === 'object' && 'message' in error);
  return {
    errorType: type ?? (isError ? error.name : typeof error),
    errorMessage: isError ? String(error.message) : String(error),
    trace: isError ? String(error.stack ?? '').split('\n') : [],
  };
}

/** `index.handler`, `folder/file.handler`, `file.nested.handler`: AWS splits at the first dot of the last segment. */
async function loadHandler(name, root) {
  const folder = path.dirname(name);
  const [module, ...members] = path.basename(name).split('.');
  const base = path.resolve(root, folder, module);
  const file = ['', '.js', '.mjs', '.cjs']
    .map((extension) => base + extension)
    .find((f) => fs.statSync(f, { throwIfNoEntry: false })?.isFile());
  if (!file) throw Object.assign(new Error(`Cannot find module '${module}'`), { name: 'Runtime.ImportModuleError' });
  const loaded = await import(pathToFileURL(file));
  const pick = (from) => members.reduce((value, member) => value?.[member], from);
  const handler = pick(loaded) ?? pick(loaded.default);
  if (typeof handler !== 'function') {
    const undefinedHandler = new Error(`${name} is undefined or not exported`);
    throw Object.assign(undefinedHandler, { name: 'Runtime.HandlerNotFound' });
  }
  return handler;
}

/** The second argument of a handler. */
function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME ?? `/aws/lambda/${process.env.AWS_LAMBDA_FUNCTION_NAME}`,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

let current;
/** Tell about an error nobody caught, then end as AWS's runtime does: the next invocation gets a new environment. */
async function fatal(error, type) {
  console.error(JSON.stringify(describe(error, type)));
  if (current) await call('POST', `invocation/${current}/error`, JSON.stringify(describe(error, type))).catch(() => {});
  process.exit(128);
}
process.on('unhandledRejection', (reason) => fatal(reason, 'Runtime.UnhandledPromiseRejection'));
process.on('uncaughtException', (error) => fatal(error));

let handler;
try {
  handler = await loadHandler(process.env._HANDLER, process.env.LAMBDA_TASK_ROOT);
} catch (error) {
  console.error(error);
  await call('POST', 'init/error', JSON.stringify(describe(error))).catch(() => {});
  process.exit(1);
}

for (;;) {
  const next = await call('GET', 'invocation/next').catch(() => undefined);
  if (next?.status !== 200) process.exit(0); // the environment is being taken down
  current = next.headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'] ?? '';
  let outcome;
  try {
    const result = await handler(JSON.parse(next.body), contextOf(next.headers));
    outcome = ['response', JSON.stringify(result === undefined ? null : result)];
  } catch (error) {
    console.error(error);
    outcome = ['error', JSON.stringify(describe(error))];
  }
  await call('POST', `invocation/${current}/${outcome[0]}`, outcome[1]).catch(() => process.exit(0));
  current = undefined;
}
