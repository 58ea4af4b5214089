import { alert } from '#lambdas/shared/alert.ts';
import { resumeCommand, subjectOf } from '#lambdas/shared/message.ts';
import type { Run } from '#lambdas/shared/payload.ts';
import { dayOf } from '#lambdas/shared/run-input.ts';
import { type Green, isGreen, lockHolder } from '#lambdas/shared/run-table.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { outside } from '#lambdas/shared/step.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

const DAY = 86_400_000;

interface Asked {
  scheduledTime: string;
  /** Asks about the day's training, of a pipeline that trains on a schedule of its own. */
  training?: boolean;
}

/**
 * Asks once a day whether the day is green. It needs no event to have arrived and no execution to have begun: what
 * nobody started, and what is still running, is told here.
 */
export const handler = outside<Asked, { runDate: string; missing: Green[] }>(
  'watchdog',
  async ({ scheduledTime, training }) => {
    const { environment, pipeline: name } = getSettings();
    const pipeline = getPipeline();
    const { schedule } = pipeline;
    const runDate = dueDay({ ...schedule, at: (training && schedule.training) || schedule.at }, scheduledTime);
    const wanted: Green[] = pipeline.model ? ['etl', training ? 'training' : 'ml'] : ['etl'];
    const green = await Promise.all(wanted.map((what) => isGreen(what, runDate)));
    const missing = wanted.filter((_, i) => !green[i]);
    const [first] = missing;
    if (first) {
      const holder = await lockHolder();
      const run: Run = {
        environment,
        pipeline: name,
        machine: first === 'etl' ? 'etl' : 'ml',
        runDate,
        execution: '',
        executionArn: '',
        startedAt: '',
      };
      await alert({
        subject: subjectOf(`[${environment}] ${name} ${runDate} is not green: ${missing.join(' and ')}`),
        text: [
          `${name} in ${environment} was due by ${schedule.dueBy} UTC, and there is no green ${missing.join(' and no green ')} run for ${runDate}.`,
          '',
          holder ? `A run is going on or was not ended: ${holder}` : 'No run is going on.',
          '',
          'When the cause is known and gone:',
          `  ${resumeCommand(run, training ? { predict: false } : {})}`,
        ].join('\n'),
      });
    }
    return { runDate, missing };
  },
);

/** The day whose run is due at this time; when it is due the morning after, the day before. */
export function dueDay({ at, dueBy }: Pick<Pipeline['schedule'], 'at' | 'dueBy'>, scheduledTime: string): string {
  if (Number.isNaN(Date.parse(scheduledTime))) throw new Error(`scheduledTime ${scheduledTime} is no time`);
  const day = dayOf(scheduledTime);
  return dueBy > at ? day : dayOf(new Date(Date.parse(`${day}T00:00:00Z`) - DAY).toISOString());
}
