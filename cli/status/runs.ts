import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { machineArn } from '#cli/run/follow.ts';
import { readableCause } from '#cli/run/history.ts';
import { consoleLinks } from '#cli/status/console.ts';
import { ago, type Part, part, secondsSince } from '#cli/status/part.ts';
import type { Target } from '#cli/target.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import type { Machine, StartInput } from '#lambdas/shared/payload.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/** The last run of each state machine. */
export function runParts(target: Target, pipelines: readonly Pipeline[], now: number): Promise<Part[]> {
  const sfn = new SFNClient(target.client);
  const machines = pipelines.flatMap(({ name, model }) =>
    (model ? (['etl', 'ml'] as const) : (['etl'] as const)).map((machine) => ({ name, machine })),
  );
  return Promise.all(
    machines.map(({ name, machine }) =>
      part('runs', `${name} ${machine}`, 'states:ListExecutions', () => lastRun(sfn, target, name, machine, now)),
    ),
  );
}

async function lastRun(
  sfn: SFNClient,
  target: Target,
  pipeline: string,
  machine: Machine,
  now: number,
): Promise<Omit<Part, 'group' | 'name'>> {
  const stateMachineArn = machineArn(target, pipeline, machine);
  const links = consoleLinks(target);
  const { executions = [] } = await sfn
    .send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1 }))
    .catch((error) => {
      if (isNamed(error, 'StateMachineDoesNotExist')) return { executions: undefined };
      throw error;
    });
  const [last] = executions;
  if (!last?.executionArn)
    return { state: 'note', says: 'has never run', link: links.machine(stateMachineArn), facts: { status: null } };
  const {
    status = 'RUNNING',
    startDate = new Date(now),
    stopDate,
    input,
    error,
    cause,
  } = await sfn.send(new DescribeExecutionCommand({ executionArn: last.executionArn }));
  const { runDate, scheduledTime } = (input ? JSON.parse(input) : {}) as StartInput;
  const day = runDate ?? scheduledTime?.slice(0, 10);
  const why = error ? `: ${error}: ${short(readableCause(cause ?? ''))}` : '';
  return {
    state: status === 'RUNNING' || status === 'SUCCEEDED' ? 'ok' : 'wrong',
    says: `${status}${day ? ` for ${day}` : ''}, ${ago(stopDate ?? startDate, now)}${why}`,
    link: links.execution(last.executionArn),
    facts: {
      status,
      runDate: day ?? null,
      execution: last.executionArn,
      started: startDate.toISOString(),
      ageSeconds: secondsSince(stopDate ?? startDate, now),
    },
  };
}

const MOST_LETTERS = 200;
const short = (text: string) => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MOST_LETTERS ? `${line.slice(0, MOST_LETTERS)}…` : line;
};
