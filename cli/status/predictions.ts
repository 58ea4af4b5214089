import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { consoleLinks } from '#cli/status/console.ts';
import { newestGreenDay } from '#cli/status/green-day.ts';
import { type Part, part } from '#cli/status/part.ts';
import type { Target } from '#cli/target.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { servingOf } from '#lib/serving/definition.ts';

const DAY = 86_400_000;

/** How old the newest predictions of each pipeline are, by run date as the API counts. */
export function predictionParts(target: Target, pipelines: readonly Pipeline[], now: number): Promise<Part[]> {
  const client = new DynamoDBClient(target.client);
  const served = servingOf(target.environment, pipelines).pipelines;
  return Promise.all(
    pipelines.flatMap((pipeline) => {
      const { table, freshDays } = served[pipeline.name] ?? {};
      if (!table || freshDays === undefined) return [];
      const link = consoleLinks(target).table(table);
      return part('predictions', pipeline.name, 'dynamodb:Query', async (): Promise<Omit<Part, 'group' | 'name'>> => {
        const runDate = await newestGreenDay(client, target, pipeline).catch((error) => {
          if (isNamed(error, 'ResourceNotFoundException')) return undefined; // no lake yet
          throw error;
        });
        if (!runDate) return { state: 'note', says: 'none yet', facts: { runDate: null, freshDays } };
        const ageDays = Math.max(0, Math.floor(now / DAY) - Math.floor(Date.parse(runDate) / DAY));
        const stale = ageDays > freshDays;
        const says = `of ${runDate}, ${ageDays} day${ageDays === 1 ? '' : 's'} old`;
        return {
          // Sample data gets no newer: on the laptop age is told and nothing is wrong with it.
          state: stale ? (target.client.endpoint ? 'note' : 'wrong') : 'ok',
          says: stale ? `${says}: stale above ${freshDays}` : says,
          link,
          facts: { runDate, ageDays, freshDays, stale },
        };
      });
    }),
  );
}
