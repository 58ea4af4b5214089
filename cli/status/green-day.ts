import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import type { Target } from '#cli/target.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/**
 * The newest day of which a pipeline has made predictions, YYYY-MM-DD, by what its machines have written into the run table
 * (lambdas/shared/run-table.ts); undefined when there is none. A table of predictions has no order by day.
 */
export async function newestGreenDay(
  client: DynamoDBClient,
  target: Target,
  { name, model }: Pipeline,
): Promise<string | undefined> {
  const prefix = `green#${model ? 'ml' : 'etl'}#`;
  const { Items } = await client.send(
    new QueryCommand({
      TableName: target.lake.runTable,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': { S: `pipeline#${name}` }, ':prefix': { S: prefix } },
      ScanIndexForward: false,
      Limit: 1,
    }),
  );
  return Items?.[0]?.sk?.S?.slice(prefix.length);
}
