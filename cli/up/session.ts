import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import { LocalCloud } from '#cli/local/cloud.ts';
import { DeployedNote } from '#cli/local/deploy.ts';
import { forgetRunning, noteDeployed, noted, noteRunning } from '#cli/local/running.ts';
import { DEFAULT_STATE } from '#cli/local/state.ts';
import { accessToken, apiUrl } from '#cli/serving.ts';
import { localTarget, type Target } from '#cli/target.ts';
import { type Addresses, addressLines, curlLine } from '#cli/up/addresses.ts';
import type { Board } from '#cli/up/board.ts';
import { API, Deployment } from '#cli/up/deployment.ts';
import type { Door } from '#cli/up/door.ts';
import { runOnSampleData } from '#cli/up/first-runs.ts';
import { siteFiles } from '#cli/up/site.ts';
import { type Stock, stockOf } from '#cli/up/stock.ts';
import { type Story, shown } from '#cli/up/story.ts';
import { Watch } from '#cli/up/watch.ts';
import { environments } from '#lib/environments.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { buildSite } from '#site/build.ts';

export interface SessionParts {
  context: Context;
  /** In the order in which they are run. */
  pipelines: readonly Pipeline[];
  /** All there can be: others than these may be run beside. */
  watched: readonly Pipeline[];
  state: string;
  door: Door;
  board: Board;
  story: Story;
  /** Every pipeline is run, whatever there is of it. */
  runAll: boolean;
}

/** One `presage up`, from the start of the local cloud to its end. */
export class Session {
  private readonly parts: SessionParts;
  private readonly target: Target;
  private readonly deployment: Deployment;
  private readonly watch: Watch;
  private readonly stocks = new Map<string, Stock>();

  private constructor(parts: SessionParts, cloud: LocalCloud, note: DeployedNote) {
    const { context, pipelines, story } = parts;
    this.parts = parts;
    this.target = localTarget(cloud);
    this.deployment = new Deployment(context, cloud, note, pipelines);
    this.watch = new Watch(this.target, parts.watched, story.news);
    // Of a pipeline with a model, the ML machine makes what there is to ask for.
    story.onRunEnded = ({ pipeline: name, machine, execution }) => {
      const pipeline = pipelines.find((one) => one.name === name);
      const isLast = machine === (pipeline?.model ? 'ml' : 'etl');
      if (pipeline && isLast && execution.status === 'SUCCEEDED') void this.takeStock(pipeline).catch(() => {});
    };
  }

  /** Starts the local cloud and tells the other commands where it is. All of it is taken back when the context ends. */
  static async begin(parts: SessionParts): Promise<Session> {
    const { context, board, door, pipelines, state } = parts;
    const note = new DeployedNote(state);
    const cloud = await LocalCloud.start(context, state, environments.local.region);
    note.takeAway();
    board.say(`the local cloud runs: ${cloud.endpoint}, state in ${shown(state)}`);
    const session = new Session(parts, cloud, note);
    const { endpoint, outbox, log, region } = cloud;
    const names = pipelines.map(({ name }) => name);
    const { deployed } = session.deployment;
    noteRunning({ pid: process.pid, url: door.url, pipelines: names, deployed, endpoint, outbox, log, state, region });
    context.defer(async () => {
      const now = { ...deployed, ...noted(state)?.deployed };
      forgetRunning(state);
      board.say('ending: the state is saved');
      if ((await cloud.stop()) && (note.isBootstrapped || Object.keys(now).length)) note.write(now);
    });
    return session;
  }

  /** Page and API answer, with what there is. */
  async open(): Promise<void> {
    const { board, door, pipelines, state, story } = this.parts;
    const [first] = pipelines;
    await Promise.all([this.showPage(join(state, 'page')), this.bring([API, ...(first ? [first.name] : [])])]);
    door.passOnTo(await apiUrl(this.target));
    await this.watch.begin();
    story.titled(door.url);
    for (const pipeline of pipelines)
      if (!this.deployment.missing([pipeline.name]).length) await this.takeStock(pipeline);
    board.print(addressLines(await this.addresses()));
  }

  /** Public only where the environment says so, on the laptop too: its routes are made with it. */
  private async showPage(folder: string): Promise<void> {
    if (this.hasPage) await buildSite(folder);
    this.parts.door.show(this.hasPage ? siteFiles(folder) : new Map());
  }

  private get hasPage() {
    return this.target.environment.serving?.page !== undefined;
  }

  /** Runs what is to be run, and then whatever comes, until the context ends. */
  async keep(): Promise<never> {
    return (await Promise.all([this.watch.keepLooking(this.parts.context), this.firstRuns()]))[0];
  }

  private async firstRuns(): Promise<void> {
    const { context, board, pipelines, runAll, story } = this.parts;
    // The others are deployed while the first one runs.
    const rest = this.bring(pipelines.map(({ name }) => name));
    rest.catch((error: Error) => context.abort(error));
    let runs = 0;
    for (const pipeline of pipelines) {
      const { name } = pipeline;
      if (this.deployment.missing([name]).length) await rest;
      const { lacks } = this.stocks.get(name) ?? (await this.takeStock(pipeline));
      if (!lacks && !runAll) continue;
      const hadExample = this.example !== undefined;
      runs += 1;
      await runOnSampleData(context, this.target, this.watch, pipeline, (text) =>
        story.stand(name, { phase: 'runs', text, since: Date.now() }),
      );
      await this.takeStock(pipeline);
      if (!hadExample && this.example && pipelines.length > 1)
        board.print(['', `  Try    ${curlLine(await this.addresses())}`, '']);
    }
    await rest;
    if (runs) board.print(addressLines(await this.addresses()));
    board.say('everything is up');
  }

  private get example() {
    return [...this.stocks.values()].find(({ example }) => example)?.example;
  }

  private async bring(names: readonly string[]): Promise<void> {
    const { board, state, story } = this.parts;
    const missing = this.deployment.missing(names);
    if (!missing.length) return;
    board.say(`deploying ${missing.join(', ')}`);
    const waiting = missing.filter((name) => name !== API);
    await this.deployment.bring(names, (text) => {
      // `vouchers-etl 12/90, reorder-etl 3`: to each what is of it.
      for (const name of waiting) {
        const mine = text.split(', ').filter((part) => part.startsWith(`${name}-`));
        const parts = mine.map((part) => part.slice(name.length + 1)).join(', ');
        story.stand(name, { phase: 'waits', text: `is being deployed${parts && `: ${parts}`}` });
      }
    });
    for (const name of waiting) story.stand(name, { phase: 'waits', text: 'waits for its run' });
    noteDeployed(state, this.deployment.deployed);
    board.say(`deployed ${missing.join(', ')}`);
  }

  private async takeStock(pipeline: Pipeline): Promise<Stock> {
    const stock = await stockOf(this.target, pipeline);
    this.stocks.set(pipeline.name, stock);
    const { runDate, example, lacks } = stock;
    const old = example?.stale ? `, ${example.ageDays} days old: stale` : '';
    this.parts.story.stand(
      pipeline.name,
      lacks ? { phase: 'waits', text: lacks } : { phase: 'ready', text: `predictions of ${runDate}${old}` },
    );
    return stock;
  }

  private async addresses(): Promise<Addresses> {
    const { board, door, state } = this.parts;
    return {
      url: door.url,
      outbox: this.target.outbox ?? '',
      token: await accessToken(this.target),
      tokenMinutes: environments.local.serving.tokenMinutes,
      example: this.example,
      state: state === DEFAULT_STATE ? '' : ` --state ${shown(state)}`,
      isTerminal: board.isTerminal,
      hasPage: this.hasPage,
    };
  }
}
