import * as z from 'zod';

/** What every part of a definition says of columns: their names, their types, their allowed values. */

const COLUMN_TYPES = ['varchar', 'bigint', 'integer', 'double', 'boolean', 'date', 'timestamp'] as const;
export const identifier = z.string().regex(/^[a-z][a-z0-9_]*$/, 'use lower case letters, digits and underscores');

export const ColumnSchema = z
  .union([
    z.enum(COLUMN_TYPES),
    z.object({
      type: z.enum(COLUMN_TYPES),
      oneOf: z
        .array(z.union([z.string(), z.int()]))
        .min(1)
        .optional()
        .describe('The only values allowed; anything else stops the run. Null is allowed.'),
    }),
  ])
  .transform((column) => (typeof column === 'string' ? { type: column } : column));

export const columns = z.record(identifier, ColumnSchema);

export type Column = z.output<typeof ColumnSchema>;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** A varchar column with a closed set of values. */
export const oneOf = (...values: string[]) => ({ type: 'varchar' as const, oneOf: values });
