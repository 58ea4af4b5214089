import { getSettings } from '#lambdas/shared/settings.ts';

type Work = 'queries' | 'datasets' | 'push';

/** Names of the deployed jobs. */
export const glueJobs = (): Record<Work, string> => {
  const { queriesJob, datasetsJob, pushJob } = getSettings();
  return { queries: queriesJob, datasets: datasetsJob, push: pushJob };
};

/** The feature queries are one loop of the machine, whichever engine runs them. */
export const glueStep = (work: Work) => (work === 'queries' ? 'features' : work);

/** The deployed job behind a step of the run table. */
export const glueJobOf = (step: string) => glueJobs()[step === 'features' ? 'queries' : (step as Work)];
