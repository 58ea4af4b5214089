import { ListCandidatesForAutoMLJobCommand } from '@aws-sdk/client-sagemaker';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { logger } from '#lambdas/shared/step.ts';

/** For people; whatever goes wrong in asking is not worth a failed run. */
export async function progressOf(AutoMLJobName: string, secondary = 'Starting'): Promise<string> {
  try {
    const { Candidates = [] } = await sagemaker.send(
      new ListCandidatesForAutoMLJobCommand({
        AutoMLJobName,
        SortBy: 'FinalObjectiveMetricValue',
        SortOrder: 'Descending',
        MaxResults: 100,
      }),
    );
    const metrics = Candidates.flatMap(({ FinalAutoMLJobObjectiveMetric: metric }) =>
      metric?.Value === undefined ? [] : [metric],
    );
    // AutoML orders by the value, whichever way is better.
    const [first] = metrics;
    const values = metrics.map(({ Value = 0 }) => Value);
    const best =
      first &&
      (/MSE|RMSE|MAE|Loss/i.test(first.MetricName ?? '') || first.Type === 'Minimize'
        ? Math.min(...values)
        : Math.max(...values));
    const text = first && best !== undefined ? `, best ${first.MetricName} ${best.toFixed(3)}` : '';
    return `${secondary}: ${Candidates.length} candidate(s)${text}`;
  } catch (error) {
    logger.warn('no candidates to show', error as Error);
    return secondary;
  }
}
