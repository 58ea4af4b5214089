import type { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { ColumnType, Pipeline } from '#lib/pipelines/pipeline.ts';

const ATTRIBUTES: Record<ColumnType, AttributeType> = {
  varchar: AttributeType.STRING,
  date: AttributeType.STRING,
  timestamp: AttributeType.STRING,
  boolean: AttributeType.STRING,
  bigint: AttributeType.NUMBER,
  integer: AttributeType.NUMBER,
  double: AttributeType.NUMBER,
};

/**
 * The newest prediction of each key, on demand, expiring by itself some days after the push.
 *
 * DynamoDB's key has two parts: the first key column, and the others. Several others are one attribute named `a#b` with
 * the value `x#y`; the push job makes it.
 */
export class PredictionTable extends Construct {
  readonly table: Table;

  constructor(
    scope: Construct,
    id: string,
    props: { tableName: string; predictions: NonNullable<Pipeline['predictions']>; removalPolicy: RemovalPolicy },
  ) {
    super(scope, id);
    const { key, columns } = props.predictions;
    const attribute = (name: string) => ({ name, type: ATTRIBUTES[columns[name]?.type ?? 'varchar'] });
    const [partition = '', ...others] = key;
    const sort = others.length > 1 ? { name: others.join('#'), type: AttributeType.STRING } : others.map(attribute)[0];
    this.table = new Table(this, 'Table', {
      tableName: props.tableName,
      partitionKey: attribute(partition),
      ...(sort ? { sortKey: sort } : {}),
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'ttl',
      removalPolicy: props.removalPolicy,
    });
  }
}
