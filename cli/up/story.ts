import { relative } from 'node:path';
import { styleText } from 'node:util';
import { seconds } from '#cli/run/screen.ts';
import type { Board } from '#cli/up/board.ts';
import type { Visit } from '#cli/up/door.ts';
import { nextRunOf } from '#cli/up/next-run.ts';
import type { News, WatchedRun } from '#cli/up/watch.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

type Phase = 'waits' | 'runs' | 'ready' | 'failed';

interface Standing {
  phase: Phase;
  text: string;
  /** Of a run: milliseconds since 1970. */
  since?: number;
}

const MARKS = {
  waits: ['·', 'gray'],
  runs: ['▶', 'cyan'],
  ready: ['✔', 'green'],
  failed: ['✖', 'red'],
} as const satisfies Record<Phase, [string, string]>;

/** Tells what happens in words, and how each pipeline stands. */
export class Story {
  readonly news: News;
  /** Called when a run has ended: there may be newer predictions. */
  onRunEnded: (run: WatchedRun) => void = () => {};
  private readonly pipelines: readonly Pipeline[];
  private readonly standings: Map<string, Standing>;
  private readonly width: number;
  private readonly board: Board;
  private headline = 'starting';

  constructor(pipelines: readonly Pipeline[], board: Board) {
    this.pipelines = pipelines;
    this.board = board;
    this.width = Math.max(...pipelines.map(({ name }) => name.length));
    this.standings = new Map(pipelines.map(({ name }) => [name, { phase: 'waits', text: 'waits to be deployed' }]));
    this.news = {
      started: (run) => this.started(run),
      step: (run, step, ended) => {
        // What a job says of itself while it runs is nonsense beside its end.
        const said = step.progress && !(ended && /^[A-Z]+\b/.test(step.progress)) ? `: ${step.progress}` : '';
        const attempt = step.attempts > 1 ? `, attempt ${step.attempts}` : '';
        const text = `${run.machine} ${step.name}${attempt}${said}`;
        if (!ended) this.stand(run.pipeline, { phase: 'runs', text, since: step.startedAt });
        else if (step.status === 'SUCCEEDED')
          this.tell(run.pipeline, `${text}, ${seconds((step.endedAt ?? step.startedAt) - step.startedAt)}`, 'quiet');
        else this.tell(run.pipeline, `${text} ${step.status}`, 'bad');
      },
      ended: (run) => this.ended(run),
      mail: ({ subject, file }) => this.board.say(`mail  ${subject}  ${shown(file)}`, 'mail'),
    };
  }

  visit({ method, route, status, milliseconds }: Visit): void {
    const tone = status >= 500 ? 'bad' : 'quiet';
    this.board.say(`${method} ${route}  ${status}  ${Math.round(milliseconds)} ms`, tone);
  }

  /** What stands at the top of the state, for example the address. */
  titled(headline: string): void {
    this.headline = headline;
  }

  stand(pipeline: string, standing: Standing): void {
    this.standings.set(pipeline, standing);
  }

  state(): string[] {
    const next = nextRunOf(this.pipelines, Date.now());
    const head = `── Presage  ${this.headline}  ·  Ctrl-C ends it  ·  next: ${next}`;
    return [
      styleText('bold', head),
      ...this.pipelines.map(({ name }) => {
        const { phase, text, since } = this.standings.get(name) ?? { phase: 'waits', text: '' };
        const [mark, colour] = MARKS[phase];
        const time = since ? `  ${seconds(Date.now() - since)}` : '';
        return `${styleText(colour, mark)} ${name.padEnd(this.width)}  ${text}${time}`;
      }),
    ];
  }

  private tell(pipeline: string, text: string, tone: 'plain' | 'good' | 'bad' | 'quiet' = 'plain'): void {
    this.board.say(`${pipeline.padEnd(this.width)}  ${text}`, tone);
  }

  private started({ pipeline, machine, runDate, scheduled, execution }: WatchedRun): void {
    const by = scheduled ? ' by its schedule' : '';
    this.tell(pipeline, `${machine} for ${runDate} started${by}: execution ${execution.name}`);
    this.stand(pipeline, { phase: 'runs', text: `${machine} started` });
  }

  private ended(run: WatchedRun): void {
    const { pipeline, machine, runDate, execution } = run;
    const { status, failure } = execution;
    const after = seconds(execution.seconds * 1000);
    if (status === 'SUCCEEDED') {
      this.tell(pipeline, `${machine} for ${runDate} succeeded after ${after}`, 'good');
      this.stand(pipeline, { phase: 'ready', text: `${machine} for ${runDate} succeeded` });
    } else {
      const why = failure ? ` at ${failure.step}: ${failure.error}: ${oneLine(failure.cause)}` : '';
      this.tell(pipeline, `${machine} for ${runDate} ${status} after ${after}${why}`, 'bad');
      this.stand(pipeline, { phase: 'failed', text: `${machine} for ${runDate} ${status}${why}` });
    }
    this.onRunEnded(run);
  }
}

const MOST_LETTERS = 300;

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MOST_LETTERS ? `${line.slice(0, MOST_LETTERS)}…` : line;
}

/** A path as a person here would write it. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near || '.';
}
