import type { Context } from '#cli/context.ts';
import type { Whereabouts } from '#cli/local/address.ts';
import { type Assembly, assemblySettings, inputHash, localAssembly } from '#cli/local/assembly.ts';
import { bootstrap, type DeployedNote, deploy } from '#cli/local/deploy.ts';
import { localTarget } from '#cli/target.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/** Under which the API is noted as deployed; the name of a pipeline has no capital letters. */
export const API = 'API';

const OPTIONS = { schedules: true };

/** Brings the local environment to what the code says, in portions, so that the first results need not wait for the last stack. */
export class Deployment {
  /** What is as the code says, each with the hash of what it was made of. */
  readonly deployed: Record<string, string>;
  private readonly context: Context;
  private readonly cloud: Whereabouts;
  private readonly pipelines: ReadonlyMap<string, Pipeline>;
  private readonly wanted: Record<string, string>;
  private assembly: Promise<Assembly> | undefined;
  private bootstrapped: Promise<void> | undefined;

  constructor(context: Context, cloud: Whereabouts, note: DeployedNote, pipelines: readonly Pipeline[]) {
    this.context = context;
    this.cloud = cloud;
    this.pipelines = new Map(pipelines.map((pipeline) => [pipeline.name, pipeline]));
    const settings = pipelines.map(({ name }) => [name, assemblySettings(name, {}, OPTIONS)] as const);
    // Of each pipeline by itself, so that another choice of pipelines does not deploy all of them anew.
    this.wanted = Object.fromEntries(
      [...settings, [API, { environment: 'local', serving: 'true' }] as const].map(([name, made]) => [
        name,
        inputHash(made),
      ]),
    );
    this.deployed = Object.fromEntries(
      Object.entries(this.wanted).filter(([name, hash]) => note.hashOf(name) === hash),
    );
    if (note.isBootstrapped) this.bootstrapped = Promise.resolve();
  }

  /** Of these names, those that are not as the code says. */
  missing(names: readonly string[]): string[] {
    return names.filter((name) => !this.deployed[name]);
  }

  /** Deploys what is missing of these: names of pipelines, or `API`. */
  async bring(names: readonly string[], progress: (text: string) => void): Promise<void> {
    const missing = this.missing(names);
    if (!missing.length) return;
    if (!this.assembly) progress('synthesizing');
    this.assembly ??= localAssembly(this.context, [...this.pipelines.keys()], {}, { ...OPTIONS, serving: true });
    this.bootstrapped ??= bootstrap(this.context, this.cloud, localTarget(this.cloud).account);
    const [assembly] = await Promise.all([this.assembly, this.bootstrapped]);
    await deploy(
      this.context,
      this.cloud,
      assembly,
      progress,
      missing.flatMap((name) => this.stacksOf(name)),
    );
    for (const name of missing) this.deployed[name] = this.wanted[name] ?? '';
  }

  /** The lake comes with each of them: their stacks depend on it. */
  private stacksOf(name: string): string[] {
    if (name === API) return ['local/serving'];
    const { model } = this.pipelines.get(name) ?? {};
    return [`local/${name}-etl`, ...(model ? [`local/${name}-ml`] : [])];
  }
}
