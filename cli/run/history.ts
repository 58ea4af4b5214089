import type { HistoryEvent } from '@aws-sdk/client-sfn';
import type { Machine } from '#lambdas/shared/payload.ts';

/** One step of an execution as a person sees it: a task, or a whole start-wait-check loop. */
export interface StepRecord {
  machine: Machine;
  name: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt?: number;
  /** Starts of the job, or tries of the task. */
  attempts: number;
  /** What the job said of itself at the last look. */
  progress?: string;
}

export interface Failure {
  step: string;
  error: string;
  cause: string;
}

/**
 * Turns the events of an execution's history, given in order and in any portions, into steps.
 *
 * The machines name their states by one rule (lib/constructs/machine.ts): a job is `start-X`, `wait-X`, `check-X`,
 * `X-done?`, `X-ended`; a failure goes through the Pass state `<state> failed`. Everything else that is a task is a
 * step of its own; choices and other passes are wiring and not shown.
 */
export class HistoryReader {
  readonly steps: StepRecord[] = [];
  /** The newest payload seen: what an execution that failed knew of its run. */
  payload: Record<string, unknown> = {};
  failure: Failure | undefined;
  /** Id of the newest event taken. */
  lastId = 0;
  private readonly machine: Machine;
  private readonly jobs = new Set<string>();
  private readonly open = new Map<string, StepRecord>();
  /** States of which a try has failed and no other has begun. */
  private readonly missed = new Set<string>();
  private caught = false;
  private lastState = '';

  constructor(machine: Machine) {
    this.machine = machine;
  }

  add(events: readonly HistoryEvent[]): void {
    for (const event of events) {
      this.lastId = event.id ?? this.lastId + 1;
      this.take(event, event.timestamp?.getTime() ?? Date.now());
    }
  }

  private take(event: HistoryEvent, at: number): void {
    const type = event.type ?? '';
    const entered = event.stateEnteredEventDetails;
    const exited = event.stateExitedEventDetails;
    if (entered?.name) this.enter(type, entered.name, entered.input, at);
    else if (exited?.name) this.exit(type, exited.name, exited.output, at);
    // A second schedule within one visit of a task is a retry; a loop's checks do not count.
    else if (/^(LambdaFunction|Task)Failed$|^(LambdaFunction|Task)TimedOut$/.test(type))
      this.missed.add(this.lastState);
    else if (/^(LambdaFunction|Task)Scheduled$/.test(type)) this.retried();
    else this.end(event, type, at);
  }

  private retried(): void {
    const step = this.open.get(this.stepOf(this.lastState));
    if (this.missed.delete(this.lastState) && step && !this.jobs.has(step.name)) step.attempts += 1;
  }

  private enter(type: string, name: string, input: string | undefined, at: number): void {
    if (type === 'PassStateEntered') {
      const failed = / failed$/.exec(name);
      const ended = /-ended$/.exec(name);
      if (failed) this.failAt(name.slice(0, failed.index), input, at);
      else if (ended) this.close(name.slice(0, ended.index), 'SUCCEEDED', at);
      return;
    }
    if (type !== 'TaskStateEntered' && type !== 'WaitStateEntered') return;
    this.lastState = name;
    this.missed.delete(name);
    this.remember(input);
    const starts = name.startsWith('start-') && name !== 'start-ml';
    if (starts) this.jobs.add(name.slice('start-'.length));
    const step = this.stepOf(name);
    const present = this.open.get(step);
    if (present) {
      if (starts) present.attempts += 1;
      return;
    }
    const record: StepRecord = { machine: this.machine, name: step, status: 'RUNNING', startedAt: at, attempts: 1 };
    this.open.set(step, record);
    this.steps.push(record);
  }

  private exit(type: string, name: string, output: string | undefined, at: number): void {
    const payload = this.remember(output);
    if (type !== 'TaskStateExited') return;
    const step = this.stepOf(name);
    const progress = (payload?.job as { progress?: string } | undefined)?.progress;
    const record = this.open.get(step);
    if (record && progress && this.jobs.has(step)) record.progress = progress;
    // A caught error comes out of the state as `failure` in the payload, which the steps after it carry on.
    const caught = payload?.failure !== undefined && !this.caught;
    this.caught ||= caught;
    if (!this.jobs.has(step)) this.close(step, caught ? 'FAILED' : 'SUCCEEDED', at);
  }

  private end(event: HistoryEvent, type: string, at: number): void {
    if (!/^Execution(Succeeded|Failed|Aborted|TimedOut)$/.test(type)) return;
    const status = type === 'ExecutionSucceeded' ? 'SUCCEEDED' : type === 'ExecutionAborted' ? 'ABORTED' : 'FAILED';
    const running = [...this.open.keys()].at(-1);
    for (const name of [...this.open.keys()]) this.close(name, status, at);
    if (status === 'SUCCEEDED' || this.failure) return;
    const details =
      event.executionFailedEventDetails ??
      event.executionAbortedEventDetails ??
      event.executionTimedOutEventDetails ??
      {};
    this.failure = {
      step: running ?? (this.lastState || 'start'),
      error:
        details.error ??
        { ABORTED: 'Aborted', FAILED: type === 'ExecutionTimedOut' ? 'States.Timeout' : 'Failed' }[status],
      cause: readableCause(details.cause ?? { ABORTED: 'The execution was stopped from outside.', FAILED: '' }[status]),
    };
  }

  /** The Pass state after a Catch: which state failed, and why. */
  private failAt(state: string, input: string | undefined, at: number): void {
    this.remember(input);
    this.close(this.stepOf(state), 'FAILED', at);
    const { Error: error = 'Failed', Cause: cause = '' } = (this.payload.failure ?? {}) as Record<string, string>;
    this.failure = { step: state, error, cause: readableCause(cause) };
  }

  private close(step: string, status: StepRecord['status'], at: number): void {
    const record = this.open.get(step);
    if (!record) return;
    record.status = status;
    record.endedAt = at;
    this.open.delete(step);
  }

  /** `wait-automl` belongs to the job `automl` when a `start-automl` was seen; `check-features` alone is a task. */
  private stepOf(state: string): string {
    const job = /^(?:start|wait|check)-(.+)$/.exec(state)?.[1];
    return job && this.jobs.has(job) ? job : state;
  }

  private remember(text: string | undefined): Record<string, unknown> | undefined {
    const payload = parsed(text);
    if (payload && 'run' in payload) this.payload = { ...payload };
    else if (payload && 'failure' in payload) this.payload = { ...this.payload, ...payload };
    return payload;
  }
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Lambda gives an error's cause as JSON with the message inside. */
export function readableCause(cause: string): string {
  const error = parsed(cause);
  return typeof error?.errorMessage === 'string' ? error.errorMessage : cause;
}
