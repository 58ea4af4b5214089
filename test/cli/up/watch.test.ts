import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeExecutionCommand,
  type ExecutionListItem,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { localTarget } from '#cli/target.ts';
import { Watch } from '#cli/up/watch.ts';
import vouchers from '#lib/pipelines/vouchers/pipeline.ts';

/** What `presage up` sees of runs and mails, against a mocked Step Functions. */
const sfn = mockClient(SFNClient);
const outbox = mkdtempSync(join(tmpdir(), 'presage-watch-'));
const target = localTarget({ endpoint: 'http://127.0.0.1:1', outbox });
let executions: ExecutionListItem[];
let ended: Set<string>;
let input: object;
let said: string[];

const listed = (name: string) =>
  ({ executionArn: `arn:${name}`, name, status: 'RUNNING', stateMachineArn: 'm', startDate: new Date() }) as const;

beforeEach(() => {
  executions = [];
  ended = new Set();
  input = { runDate: '2026-11-20' };
  said = [];
  sfn.reset();
  sfn.on(ListExecutionsCommand).callsFake(async () => ({ executions: [...executions] }));
  sfn.on(DescribeExecutionCommand).callsFake(async ({ executionArn }) => ({
    status: ended.has(executionArn) ? 'SUCCEEDED' : 'RUNNING',
    input: JSON.stringify(input),
  }));
  const events = (over: boolean): HistoryEvent[] => [
    { id: 1, type: 'TaskStateEntered', timestamp: new Date(), stateEnteredEventDetails: { name: 'publish' } },
    ...(over
      ? [
          {
            id: 2,
            type: 'TaskStateExited',
            timestamp: new Date(),
            stateExitedEventDetails: { name: 'publish' },
          } as const,
        ]
      : []),
  ];
  sfn.on(GetExecutionHistoryCommand).callsFake(async ({ executionArn }) => ({
    events: events(ended.has(executionArn)).reverse(),
  }));
});
afterAll(() => {
  sfn.restore();
  rmSync(outbox, { recursive: true });
});

const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 });

/** A watch that keeps looking until the test is over. */
async function watching(work: (watch: Watch) => Promise<void>): Promise<void> {
  const watch = new Watch(target, [vouchers], {
    started: ({ pipeline, machine, runDate, scheduled }) =>
      said.push(`${pipeline} ${machine} ${runDate}${scheduled ? ' scheduled' : ''}`),
    step: (_, { name }, over) => said.push(`${name} ${over ? 'ended' : 'goes on'}`),
    ended: ({ execution }) => said.push(execution.status),
    mail: ({ subject }) => said.push(`mail ${subject}`),
  });
  const controller = new AbortController();
  await watch.begin();
  const looking = watch.keepLooking({ signal: controller.signal, abort: () => {}, defer: () => {} }).catch(() => {});
  try {
    await work(watch);
  } finally {
    controller.abort();
    await looking;
  }
}

describe('a run', () => {
  it('that a schedule started is told of, step by step; one from before is not', async () => {
    executions = [listed('before')];
    await watching(async () => {
      input = { scheduledTime: '2026-11-21T04:00:00Z' };
      executions = [listed('scheduled'), listed('before')];
      await eventually(() => said).toContain('publish goes on');
      ended.add('arn:scheduled');
      await eventually(() => said.at(-1)).toBe('SUCCEEDED');
    });
    expect(said[0]).toBe('vouchers etl 2026-11-21 scheduled');
    expect(said.slice(-2)).toEqual(['publish ended', 'SUCCEEDED']);
  });

  it('of its own is waited for to its end, even if it is listed before its start is answered', async () => {
    await watching(async (watch) => {
      sfn.on(StartExecutionCommand).callsFake(async () => {
        executions = [listed('own')];
        await eventually(() => sfn.commandCalls(DescribeExecutionCommand).length).toBeGreaterThan(0);
        return { executionArn: 'arn:own' };
      });
      const run = watch.start('vouchers', 'etl', { runDate: '2026-11-20' });
      await eventually(() => said).toContain('vouchers etl 2026-11-20');
      ended.add('arn:own');
      expect((await run).status).toBe('SUCCEEDED');
    });
    expect(said.filter((text) => text.startsWith('vouchers'))).toHaveLength(1);
  });
});

it('a mail is told of once, and those from before are not', async () => {
  writeFileSync(join(outbox, '1.eml'), 'Subject: old\n\nx');
  await watching(async () => {
    writeFileSync(join(outbox, '2.eml'), 'Subject: new\n\nx');
    await eventually(() => said).toEqual(['mail new']);
    await new Promise((wait) => setTimeout(wait, 600));
  });
  expect(said).toEqual(['mail new']);
});
