import { DescribeStateMachineCommand, UpdateStateMachineCommand } from '@aws-sdk/client-sfn';
import { parquetMetadata } from 'hyparquet';
import type { Settings } from '#lambdas/shared/settings.ts';
import type { FaultyEnvironment } from './environment.ts';

/** What puts things right again. */
export type Mend = () => Promise<unknown>;

/** Lambda and IAM are asked without a client: the project has none, and the local cloud's root needs no signature. */
async function ask(env: FaultyEnvironment, service: string, path: string, init: RequestInit): Promise<Response> {
  const { endpoint = '', region } = env.target.client;
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const answer = await fetch(`${endpoint}${path}`, { ...init, headers: { ...init.headers, authorization } });
  if (!answer.ok) throw new Error(`${service} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

interface Configuration {
  Timeout: number;
  Role: string;
  Environment: { Variables: Record<string, string> };
}

const configurationPath = (name: string) => `/2015-03-31/functions/${name}/configuration`;

export async function configurationOf(env: FaultyEnvironment, name: string): Promise<Configuration> {
  return (await (await ask(env, 'lambda', configurationPath(name), { method: 'GET' })).json()) as Configuration;
}

/** Changes a function as an operator would. */
export async function configure(
  env: FaultyEnvironment,
  name: string,
  change: (before: Configuration) => Partial<Configuration>,
): Promise<Mend> {
  const before = await configurationOf(env, name);
  const put = (wanted: Partial<Configuration>) =>
    ask(env, 'lambda', configurationPath(name), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wanted),
    });
  const { Timeout, Environment } = before;
  await put(change(before));
  return () => put({ Timeout, Environment });
}

export async function settingsOf(env: FaultyEnvironment, name: string): Promise<Settings> {
  const { Environment } = await configurationOf(env, name);
  return JSON.parse(Environment.Variables.SETTINGS ?? '{}') as Settings;
}

/** Takes an action from a role. */
export async function deny(env: FaultyEnvironment, roleArn: string, ...actions: string[]): Promise<Mend> {
  const RoleName = roleArn.split('/').at(-1) ?? '';
  const iam = (fields: Record<string, string>) =>
    ask(env, 'iam', '/', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ Version: '2010-05-08', RoleName, PolicyName: 'taken-away', ...fields }).toString(),
    });
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: actions, Resource: '*' }],
  });
  await iam({ Action: 'PutRolePolicy', PolicyDocument });
  return () => iam({ Action: 'DeleteRolePolicy' });
}

/** Gives a job of the ML machine another limit. */
export async function limitJob(env: FaultyEnvironment, check: string, atMostSeconds: number): Promise<Mend> {
  const { region } = env.target.client;
  const stateMachineArn = `arn:aws:states:${region}:${env.target.account}:stateMachine:${env.names.mlMachine}`;
  const { definition = '' } = await env.sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
  const update = (text: string) => env.sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: text }));
  const changed = JSON.parse(definition) as {
    States: Record<string, { Parameters: { args: { atMostSeconds: number } } }>;
  };
  const state = changed.States[check];
  if (!state) throw new Error(`no state ${check}`);
  state.Parameters.args.atMostSeconds = atMostSeconds;
  await update(JSON.stringify(changed));
  return () => update(definition);
}

/** A Parquet file whose footer is whole and of which one column cannot be decompressed. */
export function withBrokenPages(file: Buffer, column: string): Buffer {
  const { buffer, byteOffset, byteLength } = file;
  const { row_groups } = parquetMetadata(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  const broken = Buffer.from(file);
  for (const { columns } of row_groups) {
    const meta = columns.find(({ meta_data }) => meta_data?.path_in_schema.at(-1) === column)?.meta_data;
    if (!meta) throw new Error(`no column ${column}`);
    const start = Number(meta.dictionary_page_offset ?? meta.data_page_offset);
    const end = start + Number(meta.total_compressed_size);
    // The page's header stays whole: what cannot be read is the data.
    broken.fill(0xff, Math.floor((start + end) / 2), end);
  }
  return broken;
}
