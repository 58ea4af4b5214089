import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { type Context, sleep } from '#cli/context.ts';
import { type Failure, HistoryReader, type StepRecord } from '#cli/run/history.ts';
import { Problem } from '#cli/setup/problem.mjs';
import type { Target } from '#cli/target.ts';
import type { Machine, StartInput } from '#lambdas/shared/payload.ts';
import { pipelineNames } from '#lib/names.ts';

/** An execution that has ended, or what is known of one that is still going on. */
export interface Execution {
  machine: Machine;
  name: string;
  arn: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  seconds: number;
  steps: StepRecord[];
  /** Of a green execution. */
  output?: unknown;
  /** The newest payload seen. */
  payload: Record<string, unknown>;
  failure?: Failure;
}

/** What is to be run and who is told of its steps. */
export interface RunRequest {
  pipeline: string;
  machine: Machine;
  input: StartInput;
  /** Called with every step that is new or has changed since. */
  onSteps: (steps: readonly StepRecord[]) => void;
}

/** Starts a state machine of the environment and follows it to its end. `onStarted` gets the growing record. */
export async function runMachine(
  context: Context,
  target: Target,
  { pipeline, machine, input, onSteps }: RunRequest,
  onStarted: (execution: Execution) => void,
): Promise<Execution> {
  const { arn, name } = await startMachine(target, pipeline, machine, input);
  const follower = new Follower(target, { machine, name, arn });
  const { execution } = follower;
  onStarted(execution);
  for (;;) {
    await follower.look();
    onSteps(execution.steps);
    if (execution.status !== 'RUNNING') return execution;
    await sleep(target.pollMs, context);
  }
}

/** Starts a state machine of the environment. Problem when there is none. */
export async function startMachine(
  target: Target,
  pipeline: string,
  machine: Machine,
  input: StartInput,
): Promise<{ arn: string; name: string }> {
  const stateMachineArn = machineArn(target, pipeline, machine);
  const name = executionName(input.runDate ?? 'run', new Date());
  const { executionArn: arn = '' } = await new SFNClient(target.client)
    .send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }))
    .catch((error: Error) => {
      if (error.name !== 'StateMachineDoesNotExist') throw error;
      const { name: environment } = target.environment;
      const machineName = stateMachineArn.split(':').at(-1);
      throw new Problem(`${machineName} is not deployed: run \`npx cdk deploy '${environment}/*'\` first.`);
    });
  return { arn, name };
}

export function machineArn({ environment, account }: Target, pipeline: string, machine: Machine): string {
  const { etlMachine, mlMachine } = pipelineNames(environment, pipeline);
  const name = machine === 'etl' ? etlMachine : mlMachine;
  return `arn:aws:states:${environment.region}:${account}:stateMachine:${name}`;
}

/** Knows of an execution, whoever started it, what was so at the last look. */
export class Follower {
  readonly execution: Execution;
  /** Known after the first look. */
  input: StartInput = {};
  private readonly sfn: SFNClient;
  private readonly reader: HistoryReader;

  constructor(target: Target, { machine, name, arn }: Pick<Execution, 'machine' | 'name' | 'arn'>) {
    this.sfn = new SFNClient(target.client);
    this.reader = new HistoryReader(machine);
    this.execution = { machine, name, arn, status: 'RUNNING', seconds: 0, steps: this.reader.steps, payload: {} };
  }

  async look(): Promise<void> {
    const { execution, reader, sfn } = this;
    // The description first: events that come after a final status was seen cannot be missed.
    const description = await sfn.send(new DescribeExecutionCommand({ executionArn: execution.arn }));
    reader.add(await newEvents(sfn, execution.arn, reader.lastId));
    if (description.input) this.input = JSON.parse(description.input) as StartInput;
    update(execution, description, reader);
  }
}

function update(execution: Execution, description: DescribeExecutionCommandOutput, reader: HistoryReader): void {
  const { status, startDate, stopDate, output, error, cause } = description;
  execution.status = (status === 'PENDING_REDRIVE' ? 'FAILED' : status) as Execution['status'];
  const end = stopDate ?? new Date();
  execution.seconds = startDate ? Math.max(0, (end.getTime() - startDate.getTime()) / 1000) : 0;
  execution.payload = reader.payload;
  execution.failure = reader.failure;
  if (execution.status === 'SUCCEEDED' && output) execution.output = JSON.parse(output);
  if (execution.status === 'RUNNING' || execution.status === 'SUCCEEDED' || execution.failure) return;
  execution.failure = {
    step: reader.steps.at(-1)?.name ?? 'start',
    error: error ?? execution.status,
    cause: cause ?? '',
  };
}

/**
 * The events after `lastId`, in order. Read backwards from the newest one: a page token may stand for the history as
 * it was when the token was given, so reading on with an old token can miss what came later.
 */
async function newEvents(sfn: SFNClient, executionArn: string, lastId: number): Promise<HistoryEvent[]> {
  const found: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(
      new GetExecutionHistoryCommand({
        executionArn,
        reverseOrder: true,
        includeExecutionData: true,
        maxResults: 200,
        nextToken,
      }),
    );
    const events = (page.events ?? []).filter(({ id = 0 }) => id > lastId);
    found.push(...events);
    nextToken = events.length === page.events?.length ? page.nextToken : undefined;
  } while (nextToken);
  return found.reverse();
}

/** `2026-11-20-20261121T110430Z-k3f9`: readable, sorts by time, unique. It becomes part of S3 paths. */
export function executionName(runDate: string, now: Date): string {
  const time = `${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  return `${runDate}-${time}-${Math.random().toString(36).slice(2, 6).padEnd(4, '0')}`;
}
