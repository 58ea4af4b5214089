import { alert } from '#lambdas/shared/alert.ts';
import { resumeCommand, subjectOf } from '#lambdas/shared/message.ts';
import type { Machine, Run } from '#lambdas/shared/payload.ts';
import { dayOf } from '#lambdas/shared/run-input.ts';
import { isGreen, lockHolder } from '#lambdas/shared/run-table.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { outside } from '#lambdas/shared/step.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

const DAY = 86_400_000;

/**
 * Asks once a day whether the day is green. It needs no event to have arrived and no execution to have begun: what
 * nobody started, and what is still running, is told here.
 */
export const handler = outside<{ scheduledTime: string }, { runDate: string; missing: Machine[] }>(
  'watchdog',
  async ({ scheduledTime }) => {
    const { environment, pipeline: name } = getSettings();
    const pipeline = getPipeline();
    const runDate = dueDay(pipeline.schedule, scheduledTime);
    const machines: Machine[] = pipeline.model ? ['etl', 'ml'] : ['etl'];
    const green = await Promise.all(machines.map((machine) => isGreen(machine, runDate)));
    const missing = machines.filter((_, i) => !green[i]);
    const [machine] = missing;
    if (machine) {
      const holder = await lockHolder();
      const run: Run = {
        environment,
        pipeline: name,
        machine,
        runDate,
        execution: '',
        executionArn: '',
        startedAt: '',
      };
      await alert({
        subject: subjectOf(`[${environment}] ${name} ${runDate} is not green: ${missing.join(' and ')}`),
        text: [
          `${name} in ${environment} was due by ${pipeline.schedule.dueBy} UTC, and there is no green ${missing.join(' and no green ')} run for ${runDate}.`,
          '',
          holder ? `A run is going on or was not ended: ${holder}` : 'No run is going on.',
          '',
          'When the cause is known and gone:',
          `  ${resumeCommand(run)}`,
        ].join('\n'),
      });
    }
    return { runDate, missing };
  },
);

/** The day whose run is due at this time; when it is due the morning after, the day before. */
export function dueDay({ at, dueBy }: Pipeline['schedule'], scheduledTime: string): string {
  if (Number.isNaN(Date.parse(scheduledTime))) throw new Error(`scheduledTime ${scheduledTime} is no time`);
  const day = dayOf(scheduledTime);
  return dueBy > at ? day : dayOf(new Date(Date.parse(`${day}T00:00:00Z`) - DAY).toISOString());
}
