import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Execution } from '#cli/run/follow.ts';
import type { Target } from '#cli/target.ts';
import type { Evaluation, MlPayload } from '#lambdas/shared/payload.ts';

/**
 * How the model trained in a failed run was judged. A step that fails gives no payload, but it has written down in
 * the run table what it judged; undefined when the run did not come so far.
 */
export async function judgedModel(target: Target, pipeline: string, ml: Execution): Promise<Evaluation | undefined> {
  const { model, run } = ml.payload as Partial<MlPayload>;
  const challenger = model?.challenger ?? model?.use;
  if (!challenger || !run) return undefined;
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(target.client));
  const { Items } = await client.send(
    new QueryCommand({
      TableName: target.lake.runTable,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': `pipeline#${pipeline}`, ':prefix': `model#${run.runDate}#` },
      ConsistentRead: true,
    }),
  );
  const records = (Items ?? []) as { id: string; evaluation?: Evaluation }[];
  return records.find(({ id }) => id === challenger.id)?.evaluation;
}
