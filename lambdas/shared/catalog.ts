import {
  BatchCreatePartitionCommand,
  BatchDeletePartitionCommand,
  CreatePartitionCommand,
  GetPartitionsCommand,
  GetTableCommand,
  type PartitionInput,
  type Table,
  UpdatePartitionCommand,
} from '@aws-sdk/client-glue';
import { glue } from '#lambdas/shared/clients/glue.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { getSettings } from '#lambdas/shared/settings.ts';

/** A partition to be: its values in the order of the table's partition keys, and where its rows are. */
export interface Pointer {
  values: string[];
  location: string;
}

const CREATE_AT_ONCE = 100;
const DELETE_AT_ONCE = 25;

const here = () => ({ DatabaseName: getSettings().database });

export async function getTable(name: string): Promise<Table> {
  const { Table } = await glue.send(new GetTableCommand({ ...here(), Name: name }));
  if (!Table) throw new Error(`The catalogue has no table ${name}`);
  return Table;
}

/** Points one partition at a location, whether it was there before or not. */
export async function pointPartition(tableName: string, pointer: Pointer): Promise<void> {
  const table = await getTable(tableName);
  await createOrUpdate(tableName, inputFor(table, pointer));
}

/**
 * Makes `pointers` the only partitions whose first value is `first`: new ones are created, known ones pointed
 * elsewhere, others of that value removed from the catalogue. Their data stays.
 */
export async function replacePartitions(tableName: string, first: string, pointers: Pointer[]): Promise<void> {
  const table = await getTable(tableName);
  const key = table.PartitionKeys?.[0]?.Name;
  const known = (await partitionsOf(tableName, `${key ?? 'run_date'} = '${first}'`)).filter(
    ({ values }) => values[0] === first,
  );
  const keyOf = (values: string[]) => values.join('/');
  const before = new Map(known.map((partition) => [keyOf(partition.values), partition]));
  const wanted = new Set(pointers.map(({ values }) => keyOf(values)));

  const added = pointers.filter(({ values }) => !before.has(keyOf(values)));
  const moved = pointers.filter(({ values, location }) => {
    const old = before.get(keyOf(values));
    return old && old.location !== location;
  });
  const gone = known.filter(({ values }) => !wanted.has(keyOf(values)));

  for (const some of chunks(added, CREATE_AT_ONCE))
    await createAll(
      tableName,
      some.map((pointer) => inputFor(table, pointer)),
    );
  for (const pointer of moved) await update(tableName, inputFor(table, pointer));
  for (const some of chunks(gone, DELETE_AT_ONCE)) {
    const PartitionsToDelete = some.map(({ values }) => ({ Values: values }));
    const { Errors = [] } = await glue.send(
      new BatchDeletePartitionCommand({ ...here(), TableName: tableName, PartitionsToDelete }),
    );
    const real = Errors.filter(({ ErrorDetail }) => ErrorDetail?.ErrorCode !== 'EntityNotFoundException');
    if (real[0]) throw new Error(`${tableName}: ${real[0].ErrorDetail?.ErrorMessage}`);
  }
}

/** The partitions a catalogue table has, or those for which an expression over its partition columns holds. */
export async function partitionsOf(tableName: string, Expression?: string): Promise<Pointer[]> {
  const found: Pointer[] = [];
  let NextToken: string | undefined;
  do {
    const page = await glue.send(
      new GetPartitionsCommand({
        ...here(),
        TableName: tableName,
        Expression,
        ExcludeColumnSchema: true,
        NextToken,
      }),
    );
    for (const { Values = [], StorageDescriptor } of page.Partitions ?? [])
      found.push({ values: Values, location: StorageDescriptor?.Location ?? '' });
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

/** A partition reads like its table: same columns, same format. */
function inputFor(table: Table, { values, location }: Pointer): PartitionInput {
  return { Values: values, StorageDescriptor: { ...table.StorageDescriptor, Location: location } };
}

async function createAll(TableName: string, inputs: PartitionInput[]): Promise<void> {
  const { Errors = [] } = await glue.send(
    new BatchCreatePartitionCommand({ ...here(), TableName, PartitionInputList: inputs }),
  );
  for (const { PartitionValues = [], ErrorDetail } of Errors) {
    // Made by an earlier try of the same step, or by a reader of the catalogue in between.
    const input = inputs.find(({ Values }) => Values?.join('/') === PartitionValues.join('/'));
    if (ErrorDetail?.ErrorCode !== 'AlreadyExistsException' || !input)
      throw new Error(`${TableName}, partition ${PartitionValues.join('/')}: ${ErrorDetail?.ErrorMessage}`);
    await createOrUpdate(TableName, input);
  }
}

async function createOrUpdate(TableName: string, PartitionInput: PartitionInput): Promise<void> {
  try {
    await glue.send(new CreatePartitionCommand({ ...here(), TableName, PartitionInput }));
  } catch (error) {
    if (!isNamed(error, 'AlreadyExistsException')) throw error;
    await update(TableName, PartitionInput);
  }
}

async function update(TableName: string, PartitionInput: PartitionInput): Promise<void> {
  const PartitionValueList = PartitionInput.Values;
  await glue.send(new UpdatePartitionCommand({ ...here(), TableName, PartitionValueList, PartitionInput }));
}

function* chunks<T>(all: T[], size: number): Generator<T[]> {
  for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size);
}
