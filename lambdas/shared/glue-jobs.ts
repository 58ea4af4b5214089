import { getSettings } from '#lambdas/shared/settings.ts';

export type GlueWork = 'queries' | 'datasets' | 'push';

/** Names of the deployed jobs. */
export const glueJobs = (): Record<GlueWork, string> => {
  const { queriesJob, datasetsJob, pushJob } = getSettings();
  return { queries: queriesJob, datasets: datasetsJob, push: pushJob };
};

/** The feature queries are loops called `features…`, whichever engine runs them; the other work has a loop of its own. */
export const FEATURES = 'features';
export const glueStep = (work: GlueWork) => (work === 'queries' ? FEATURES : work);

/** The deployed job behind a step of the run table. */
export const glueJobOf = (step: string) => glueJobs()[step.startsWith(FEATURES) ? 'queries' : (step as GlueWork)];
