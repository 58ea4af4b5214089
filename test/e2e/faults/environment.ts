import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EMRClient } from '@aws-sdk/client-emr';
import { GetJobCommand, GetPartitionsCommand, GlueClient } from '@aws-sdk/client-glue';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { openLocal } from '#cli/commands/local-environment.ts';
import type { Context } from '#cli/context.ts';
import { readDataFolder } from '#cli/data/folder.ts';
import { uploadSources } from '#cli/data/upload.ts';
import { PlainScreen } from '#cli/run/screen.ts';
import { venvPython } from '#cli/setup/python.mjs';
import { root } from '#cli/setup.mjs';
import type { Target } from '#cli/target.ts';
import { pipelineNames, predictionsTableName, tableName } from '#lib/names.ts';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';

const PIPELINE = buyerStage.name;

/** A local environment with the deployed stacks and a few source tables, gone when it is closed. */
export class FaultyEnvironment {
  readonly target: Target;
  readonly state: string;
  readonly runDate: string;
  /** Members with an answer near the run date who always gave the same one, all of them the same. */
  readonly alike: string[];
  readonly names: ReturnType<typeof pipelineNames>;
  readonly s3: S3Client;
  readonly sfn: SFNClient;
  readonly emr: EMRClient;
  readonly glue: GlueClient;
  readonly sagemaker: SageMakerClient;
  readonly dynamodb: DynamoDBDocumentClient;
  private readonly data: string;

  private constructor(target: Target, folder: string, made: { runDate: string; holdout: string[] }) {
    this.target = target;
    this.state = join(folder, 'state');
    this.data = join(folder, 'data');
    this.runDate = made.runDate;
    this.alike = made.holdout;
    this.names = pipelineNames(target.environment, PIPELINE);
    this.s3 = new S3Client(target.client);
    this.sfn = new SFNClient(target.client);
    this.emr = new EMRClient(target.client);
    this.glue = new GlueClient(target.client);
    this.sagemaker = new SageMakerClient(target.client);
    this.dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient(target.client));
  }

  /** Gives the environment, and what ends the cloud and removes its folder, which also works when opening failed. */
  static open(): { ready: Promise<FaultyEnvironment>; close: () => Promise<void> } {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'presage-faults-')));
    // What the handlers' own tests need would reach the deployed functions through the cloud's process.
    for (const name of Object.keys(process.env))
      if (/^(POWERTOOLS_|PIPELINE_FILE$)/.test(name)) delete process.env[name];
    const controller = new AbortController();
    const cleanups: (() => Promise<void> | void)[] = [];
    const context: Context = {
      signal: controller.signal,
      abort: (error) => controller.abort(error),
      defer: (cleanup) => void cleanups.push(cleanup),
    };
    const close = async () => {
      for (const cleanup of cleanups.reverse()) await cleanup();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    };
    return { ready: FaultyEnvironment.opened(context, folder), close };
  }

  private static async opened(context: Context, folder: string): Promise<FaultyEnvironment> {
    const data = join(folder, 'data');
    const script = join(root, 'test/e2e/faults/smaller.py');
    const made = execFileSync(venvPython(root), [script, join(root, 'sample-data', PIPELINE), data], {
      encoding: 'utf8',
    });
    const target = await openLocal(context, new PlainScreen(() => {}), join(folder, 'state'), 'buyer-stage', {});
    const { sources } = readDataFolder(data, buyerStage);
    await uploadSources(context, target, PIPELINE, sources, () => {});
    return new FaultyEnvironment(target, folder, JSON.parse(made));
  }

  /** A file of the source data as it was uploaded. */
  source(file: string): Buffer {
    return readFileSync(join(this.data, file));
  }

  /** Puts an object of the raw zone in place of another one; gives what puts the old state back. */
  async putRaw(source: string, file: string, Body: string | Buffer): Promise<() => Promise<unknown>> {
    const at = { Bucket: this.target.lake.rawBucket, Key: `${PIPELINE}/${source}/${file}` };
    const before = await this.s3.send(new GetObjectCommand(at)).then(
      ({ Body: old }) => old?.transformToByteArray(),
      () => undefined,
    );
    await this.s3.send(new PutObjectCommand({ ...at, Body }));
    return () =>
      before ? this.s3.send(new PutObjectCommand({ ...at, Body: before })) : this.s3.send(new DeleteObjectCommand(at));
  }

  /** What people and applications read: the manifest, the published tables with every object, the pushed predictions. */
  async published() {
    const { curatedBucket } = this.target.lake;
    const manifest = await this.s3
      .send(new GetObjectCommand({ Bucket: curatedBucket, Key: `${PIPELINE}/manifests/${this.runDate}.json` }))
      .then(
        ({ Body }) => Body?.transformToString(),
        () => undefined,
      );
    const items: unknown[] = [];
    for await (const page of paginateScan({ client: this.dynamodb }, { TableName: this.names.predictionTable }))
      items.push(...(page.Items ?? []).map((item) => JSON.stringify(item)));
    return {
      manifest,
      features: await this.partitions(tableName(PIPELINE, 'features')),
      predictions: await this.partitions(predictionsTableName(PIPELINE)),
      pushed: items.length,
      items: createHash('sha256').update(items.sort().join('\n')).digest('hex'),
    };
  }

  async roleOfGlueJob(JobName: string): Promise<string> {
    const { Job } = await this.glue.send(new GetJobCommand({ JobName }));
    return Job?.Role ?? '';
  }

  private async partitions(TableName: string): Promise<string[]> {
    const found: string[] = [];
    const { Partitions } = await this.glue.send(
      new GetPartitionsCommand({ DatabaseName: this.target.lake.database, TableName }),
    );
    for (const { Values, StorageDescriptor } of Partitions ?? []) {
      const { host: Bucket, pathname } = new URL(StorageDescriptor?.Location ?? '');
      const pages = paginateListObjectsV2({ client: this.s3 }, { Bucket, Prefix: decodeURI(pathname).slice(1) });
      for await (const page of pages)
        for (const { Key, ETag } of page.Contents ?? []) found.push(`${Values?.join('/')} ${Key} ${ETag}`);
    }
    return found.sort();
  }
}
