import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import { localAssembly, type SourceFormats } from '#cli/local/assembly.ts';
import { LocalCloud } from '#cli/local/cloud.ts';
import { bootstrap, DeployedNote, deploy } from '#cli/local/deploy.ts';
import { stateFolder } from '#cli/local/state.ts';
import type { Screen } from '#cli/run/screen.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { awsTarget, environmentNamed, localTarget, type Target } from '#cli/target.ts';
import { environments } from '#lib/environments.ts';

/** Starts the local cloud on a state folder and brings the lake and the stacks of a pipeline to what the code says. */
export async function openLocal(
  context: Context,
  screen: Screen,
  state: string,
  pipeline: string,
  formats: SourceFormats,
): Promise<Target> {
  const note = new DeployedNote(state);
  const starting = screen.line('Local cloud');
  const cloud = await LocalCloud.start(context, state, environments.local.region);
  note.takeAway();
  starting.done(`${cloud.endpoint}, state in ${state}`);

  const building = screen.line('Stacks');
  building.progress('synthesizing and bootstrapping');
  const target = localTarget(cloud);
  const [assembly] = await Promise.all([
    localAssembly(context, pipeline, formats),
    note.isBootstrapped ? undefined : bootstrap(context, cloud, target.account),
  ]);
  const upToDate = note.hashOf(pipeline) === assembly.hash;
  if (!upToDate) await deploy(context, cloud, assembly, (text) => building.progress(text));
  building.done(upToDate ? 'deployed already' : 'deployed');
  context.defer(async () => {
    if (await cloud.stop()) note.write({ [pipeline]: assembly.hash });
  });
  return target;
}

/** Starts the local cloud on a state that an earlier run has left, as it is. */
export async function reopenLocal(context: Context, state: string): Promise<Target> {
  const note = new DeployedNote(state);
  const cloud = await LocalCloud.start(context, state, environments.local.region);
  note.takeAway();
  context.defer(async () => {
    if ((await cloud.stop()) && note.isBootstrapped) note.write({});
  });
  return localTarget(cloud);
}

/** The environment a command asks: one in AWS, or the local one that earlier runs have left. */
export async function openTarget(context: Context, options: { env: string; state?: string }): Promise<Target> {
  if (options.env !== 'local') {
    if (options.state) throw new Problem('--state is for the local environment.', 2);
    return awsTarget(environmentNamed(options.env));
  }
  const state = stateFolder(context, options);
  if (!isLocalState(state))
    throw new Problem(`There is no local environment in ${state} yet: make one with \`npm start\`.`);
  return reopenLocal(context, state);
}

export const isLocalState = (state: string) => existsSync(join(state, 'ministack'));
