import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { type Context, sleep } from '#cli/context.ts';
import { type Execution, Follower, machineArn, startMachine } from '#cli/run/follow.ts';
import type { StepRecord } from '#cli/run/history.ts';
import { type Mail, mailsIn, readMail } from '#cli/run/mail.ts';
import type { Target } from '#cli/target.ts';
import type { Machine, StartInput } from '#lambdas/shared/payload.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/** An execution that began while somebody watched, whoever started it. */
export interface WatchedRun {
  pipeline: string;
  machine: Machine;
  /** The day it is about. */
  runDate: string;
  scheduled: boolean;
  execution: Execution;
}

export interface News {
  started(run: WatchedRun): void;
  /** A step has begun or ended, or says something else of itself. */
  step(run: WatchedRun, step: StepRecord, ended: boolean): void;
  ended(run: WatchedRun): void;
  mail(mail: Mail): void;
}

const LOOK_MS = 500;
/** Executions are listed at every so many looks only. */
const LIST_EVERY = 3;
/** Looks in a row that may fail before the command does. */
const PATIENCE = 5;

interface Watched {
  run: WatchedRun;
  follower: Follower;
  endedSteps: Set<StepRecord>;
  told: boolean;
  finished: (execution: Execution) => void;
}

/** Sees every run of some pipelines and every mail, until the command ends. */
export class Watch {
  private readonly target: Target;
  private readonly pipelines: readonly Pipeline[];
  private readonly news: News;
  private readonly sfn: SFNClient;
  private readonly known = new Set<string>();
  private readonly running = new Map<string, Watched>();
  private readonly mails: Set<string>;

  constructor(target: Target, pipelines: readonly Pipeline[], news: News) {
    this.target = target;
    this.pipelines = pipelines;
    this.news = news;
    this.sfn = new SFNClient(target.client);
    this.mails = new Set(mailsIn(target.outbox ?? ''));
  }

  /** Starts a run of its own. The promise is kept when it has ended, well or not. */
  async start(pipeline: string, machine: Machine, input: StartInput): Promise<Execution> {
    const { arn, name } = await startMachine(this.target, pipeline, machine, input);
    return new Promise((resolve) => this.take(pipeline, machine, { arn, name }, resolve));
  }

  /** What was there before is no news. */
  async begin(): Promise<void> {
    await this.list(({ arn }) => this.known.add(arn));
  }

  /** Ends with the command only. */
  async keepLooking(context: Context): Promise<never> {
    for (let look = 1, failures = 0; ; look++) {
      await sleep(LOOK_MS, context);
      try {
        if (look % LIST_EVERY === 0) await this.list((found) => this.take(found.pipeline, found.machine, found));
        await Promise.all([...this.running.values()].map((watched) => this.look(watched)));
        this.lookForMails();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures > PATIENCE) throw error;
      }
    }
  }

  private async list(
    found: (execution: { pipeline: string; machine: Machine; arn: string; name: string }) => void,
  ): Promise<void> {
    for (const { name: pipeline, model } of this.pipelines)
      for (const machine of model ? (['etl', 'ml'] as const) : (['etl'] as const)) {
        const stateMachineArn = machineArn(this.target, pipeline, machine);
        const { executions = [] } = await this.sfn.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 20 }));
        for (const { executionArn: arn = '', name = '' } of executions.reverse())
          found({ pipeline, machine, arn, name });
      }
  }

  private take(
    pipeline: string,
    machine: Machine,
    { arn, name }: { arn: string; name: string },
    finished?: Watched['finished'],
  ): void {
    const present = this.running.get(arn);
    if (present && finished) present.finished = finished; // it was listed before its own start was answered
    if (this.known.has(arn)) return;
    this.known.add(arn);
    const follower = new Follower(this.target, { machine, name, arn });
    const run = { pipeline, machine, runDate: '', scheduled: false, execution: follower.execution };
    this.running.set(arn, { run, follower, endedSteps: new Set(), told: false, finished: finished ?? (() => {}) });
  }

  private async look(watched: Watched): Promise<void> {
    const { run, follower, endedSteps } = watched;
    const { execution } = run;
    await follower.look();
    if (!watched.told) {
      const { scheduledTime, runDate } = follower.input;
      run.runDate = runDate ?? scheduledTime?.slice(0, 10) ?? '';
      run.scheduled = scheduledTime !== undefined;
      watched.told = true;
      this.news.started(run);
    }
    for (const step of execution.steps) {
      if (endedSteps.has(step)) continue;
      const ended = step.status !== 'RUNNING';
      if (ended) endedSteps.add(step);
      this.news.step(run, step, ended);
    }
    if (execution.status === 'RUNNING') return;
    this.running.delete(execution.arn);
    this.news.ended(run);
    watched.finished(execution);
  }

  private lookForMails(): void {
    const { outbox } = this.target;
    if (!outbox) return;
    for (const name of mailsIn(outbox)) {
      if (this.mails.has(name)) continue;
      this.mails.add(name);
      this.news.mail(readMail(outbox, name));
    }
  }
}
