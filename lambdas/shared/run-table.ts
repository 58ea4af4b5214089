import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '#lambdas/shared/clients/dynamodb.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import type { Evaluation, JobKind, Machine, ModelRef, Run } from '#lambdas/shared/payload.ts';
import { getSettings } from '#lambdas/shared/settings.ts';

/**
 * The run table: what makes a start idempotent, what there is to stop, who holds a pipeline, which days are green and
 * which models were good. Services without a client token (EMR, Glue) would start a second job on a retried step.
 */

export interface JobRecord {
  key: string;
  attempt: number;
  kind: JobKind;
  /** Ours, the same whenever the same step and attempt is started. */
  name: string;
  startedAt: string;
  /** The service's; absent between the intention and the answer. */
  id?: string;
  ended?: boolean;
}

const KEEP_DAYS = 180;

const TableName = () => getSettings().runTable;
const ofRun = (executionArn: string) => `run#${executionArn}`;
const ofPipeline = () => `pipeline#${getSettings().pipeline}`;
/** DynamoDB's expiry, counted from the start of the run. */
const expires = (startedAt: string) => Math.floor(Date.parse(startedAt) / 1000) + KEEP_DAYS * 86_400;

/** True when the condition held, false when it did not; anything else is thrown. */
async function conditionally(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isNamed(error, 'ConditionalCheckFailedException')) return false;
    throw error;
  }
}

// Jobs

const jobKey = (executionArn: string, key: string, attempt: number) => ({
  pk: ofRun(executionArn),
  sk: `job#${key}#${attempt}`,
});

/** Writes down that a job is about to start. If an earlier try of the same step did so, gives its record instead. */
export async function beginJob(run: Run, job: JobRecord): Promise<{ record: JobRecord; known: boolean }> {
  const Key = jobKey(run.executionArn, job.key, job.attempt);
  const put = new PutCommand({
    TableName: TableName(),
    Item: { ...Key, ...job, ttl: expires(run.startedAt) },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  if (await conditionally(dynamodb.send(put))) return { record: job, known: false };
  const { Item } = await dynamodb.send(new GetCommand({ TableName: TableName(), Key, ConsistentRead: true }));
  return { record: (Item as JobRecord | undefined) ?? job, known: true };
}

/** Writes down the id that the service gave. */
export async function jobStarted(run: Run, key: string, attempt: number, id: string): Promise<void> {
  await dynamodb.send(
    new UpdateCommand({
      TableName: TableName(),
      Key: jobKey(run.executionArn, key, attempt),
      UpdateExpression: 'SET id = :id',
      ExpressionAttributeValues: { ':id': id },
    }),
  );
}

/** Writes down that there is nothing left to stop. */
export async function jobEnded(executionArn: string, key: string, attempt: number): Promise<void> {
  await dynamodb.send(
    new UpdateCommand({
      TableName: TableName(),
      Key: jobKey(executionArn, key, attempt),
      UpdateExpression: 'SET ended = :true',
      ExpressionAttributeValues: { ':true': true },
    }),
  );
}

/** The jobs an execution started and did not see the end of. */
export async function openJobs(executionArn: string): Promise<JobRecord[]> {
  const items = await query(ofRun(executionArn), 'job#');
  return (items as unknown as JobRecord[]).filter(({ ended }) => !ended);
}

async function query(pk: string, prefix: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await dynamodb.send(
      new QueryCommand({
        TableName: TableName(),
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
        ConsistentRead: true,
        ExclusiveStartKey,
      }),
    );
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
}

// Mails

const notifiedKey = (executionArn: string) => ({ pk: ofRun(executionArn), sk: 'notified' });

export async function wasNotified(executionArn: string): Promise<boolean> {
  const Key = notifiedKey(executionArn);
  const { Item } = await dynamodb.send(new GetCommand({ TableName: TableName(), Key, ConsistentRead: true }));
  return Item !== undefined;
}

export async function markNotified(executionArn: string, startedAt: string): Promise<void> {
  await dynamodb.send(
    new PutCommand({ TableName: TableName(), Item: { ...notifiedKey(executionArn), ttl: expires(startedAt) } }),
  );
}

// One run per pipeline

const lockKey = () => ({ pk: ofPipeline(), sk: 'lock' });

/** Takes the pipeline for an execution, from nobody, from itself or from `dead`. Gives the holder when it is another. */
export async function takeLock(executionArn: string, since: string, dead = executionArn): Promise<string | undefined> {
  const taken = await conditionally(
    dynamodb.send(
      new PutCommand({
        TableName: TableName(),
        Item: { ...lockKey(), executionArn, since },
        ConditionExpression: 'attribute_not_exists(pk) OR executionArn IN (:me, :dead)',
        ExpressionAttributeValues: { ':me': executionArn, ':dead': dead },
      }),
    ),
  );
  return taken ? undefined : await lockHolder();
}

export async function lockHolder(): Promise<string | undefined> {
  const { Item } = await dynamodb.send(
    new GetCommand({ TableName: TableName(), Key: lockKey(), ConsistentRead: true }),
  );
  return Item?.executionArn as string | undefined;
}

/** Only the holder's own; somebody else's lock stays. */
export async function releaseLock(executionArn: string): Promise<void> {
  await conditionally(
    dynamodb.send(
      new DeleteCommand({
        TableName: TableName(),
        Key: lockKey(),
        ConditionExpression: 'executionArn = :me',
        ExpressionAttributeValues: { ':me': executionArn },
      }),
    ),
  );
}

// Green days

/** What can be green for a day: a machine's run, or the training of an ML run that makes no predictions. */
export type Green = Machine | 'training';

const greenKey = (what: Green, runDate: string) => ({ pk: ofPipeline(), sk: `green#${what}#${runDate}` });

export async function markGreen(run: Run, what: Green): Promise<void> {
  const { execution, executionArn, startedAt } = run;
  await dynamodb.send(
    new PutCommand({
      TableName: TableName(),
      Item: { ...greenKey(what, run.runDate), execution, executionArn, ttl: expires(startedAt) },
    }),
  );
}

export async function isGreen(what: Green, runDate: string): Promise<boolean> {
  const { Item } = await dynamodb.send(new GetCommand({ TableName: TableName(), Key: greenKey(what, runDate) }));
  return Item !== undefined;
}

// Models

export type ModelRecord = ModelRef & { evaluation: Evaluation; aboveBaseline: boolean };

/** Keeps a judged model; the same judgement a second time changes nothing. */
export async function recordModel(run: Run, model: ModelRef, evaluation: Evaluation): Promise<void> {
  const record: ModelRecord = { ...model, evaluation, aboveBaseline: evaluation.aboveBaseline };
  await conditionally(
    dynamodb.send(
      new PutCommand({
        TableName: TableName(),
        Item: { pk: ofPipeline(), sk: `model#${model.trainedFor}#${run.startedAt}#${model.id}`, ...record },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  );
}

/** Models above the naive baseline that were trained for a day not after this one, newest first. */
export async function goodModels(runDate: string): Promise<ModelRecord[]> {
  const items = (await query(ofPipeline(), 'model#')) as unknown as (ModelRecord & { sk: string })[];
  return items
    .filter(({ aboveBaseline, trainedFor }) => aboveBaseline && trainedFor <= runDate)
    .sort((a, b) => (a.sk < b.sk ? 1 : -1));
}
