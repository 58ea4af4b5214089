import type { StepRecord } from '#cli/run/history.ts';
import type { Line, Screen } from '#cli/run/screen.ts';

/** Shows the steps of one execution on the screen as they change. */
export class RunProgress {
  private readonly screen: Screen;
  private readonly lines = new Map<StepRecord, Line>();

  constructor(screen: Screen) {
    this.screen = screen;
  }

  readonly update = (steps: readonly StepRecord[]): void => {
    for (const step of steps) {
      let line = this.lines.get(step);
      if (!line) {
        line = this.screen.line(`${step.machine} ${step.name}`, step.startedAt);
        this.lines.set(step, line);
      }
      const attempt = step.attempts > 1 ? `attempt ${step.attempts}` : '';
      const said = [attempt, step.progress].filter(Boolean).join(': ');
      if (step.status === 'RUNNING') {
        if (said) line.progress(said);
      } else if (step.status === 'SUCCEEDED') line.done(isStatusWord(step.progress) ? attempt : said);
      else line.failed(attempt);
    }
  };
}

/** `RUNNING` is news while a job runs and nonsense beside "done". */
const isStatusWord = (progress = '') => /^\w*$/.test(progress);
