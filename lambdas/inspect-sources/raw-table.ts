import { type Column as GlueColumn, UpdateTableCommand } from '@aws-sdk/client-glue';
import { getTable } from '#lambdas/shared/catalog.ts';
import { glue } from '#lambdas/shared/clients/glue.ts';
import { getSettings } from '#lambdas/shared/settings.ts';

/**
 * Gives the raw table the columns of its files in their order. OpenCSVSerDe knows no names, only positions: a file
 * with one more column, or the same columns in another order, would be read into the wrong ones without an error.
 * Says whether anything had to be changed.
 */
export async function alignColumns(tableName: string, header: string[]): Promise<boolean> {
  const table = await getTable(tableName);
  const present = table.StorageDescriptor?.Columns?.map(({ Name }) => Name) ?? [];
  if (present.join() === header.join()) return false;
  const Columns: GlueColumn[] = header.map((Name) => ({ Name, Type: 'string' }));
  const { Name, Description, Owner, Retention, PartitionKeys, TableType, Parameters } = table;
  await glue.send(
    new UpdateTableCommand({
      DatabaseName: getSettings().database,
      TableInput: {
        ...{ Name, Description, Owner, Retention, PartitionKeys, TableType, Parameters },
        StorageDescriptor: { ...table.StorageDescriptor, Columns },
      },
    }),
  );
  return true;
}
