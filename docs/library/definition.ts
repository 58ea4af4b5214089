import * as z from 'zod';
import { PipelineSchema } from '#lib/pipelines/pipeline.ts';
import { blocks, code, codes, table } from './markdown.ts';

/** What this page needs of JSON Schema. */
interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  items?: Schema;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema;
}

/** Every field of a definition: its name, what it can be, whether it has to be there, and what it is for. */
export function definitionPage(): string {
  const schema = z.toJSONSchema(PipelineSchema, { io: 'input', reused: 'inline' }) as Schema;
  return `${blocks(
    '<!-- made of lib/pipelines/pipeline.ts by `npm run docs` -->',
    '# The fields of a definition',
    '`lib/pipelines/<name>/pipeline.ts` exports `definePipeline({ … })`. A definition that is not sound is refused when the app starts, with the path of every field that is wrong.',
    table(['field', 'is', 'unless given', 'for'], fields('', schema)),
  )}\n`;
}

function fields(path: string, { properties = {}, required = [] }: Schema): string[][] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const here = path ? `${path}.${name}` : name;
    return described(here, field, required.includes(name));
  });
}

function described(path: string, field: Schema, required: boolean): string[][] {
  const row = [code(path), kind(field), required ? 'needed' : preset(field), field.description ?? ''];
  if (isColumn(field)) return [row];
  if (field.items?.anyOf) return [row, ...field.items.anyOf.flatMap((each) => variant(path, each))];
  const named = field.additionalProperties;
  if (named && Object.keys(named).length)
    return isColumn(named) || !named.properties ? [row] : [row, ...fields(`${path}.<name>`, named)];
  return field.properties ? [row, ...fields(path, field)] : [row];
}

/** One kind of an item, named by the field that has a fixed value: `rule: 'notNull'`. */
function variant(path: string, { properties = {} }: Schema): string[][] {
  const fixed = Object.entries(properties).find(([, { const: value }]) => value !== undefined);
  const others = Object.entries(properties).filter(([name]) => name !== fixed?.[0]);
  const says = others.map(([, { description }]) => description).filter(Boolean);
  return [
    [code(`${path}: ${fixed?.[0]} ${fixed?.[1].const}`), codes(others.map(([name]) => name)), '', says.join(' ')],
  ];
}

/** A column is a type, or a type and the values allowed. */
const isColumn = ({ anyOf }: Schema) => anyOf?.some(({ properties }) => properties?.oneOf) ?? false;

function kind(field: Schema): string {
  if (isColumn(field)) return 'type of a column, or `{ type, oneOf: […] }`';
  if (field.enum) return codes(field.enum.map(String));
  if (field.type === 'array') return `list of ${field.items?.anyOf ? 'objects' : 'texts'}`;
  if (field.additionalProperties && Object.keys(field.additionalProperties).length)
    return `by name: ${kind(field.additionalProperties)}`;
  return { string: 'text', integer: 'whole number', boolean: 'true or false' }[field.type ?? ''] ?? field.type ?? '';
}

const preset = (field: Schema) =>
  field.default === undefined || typeof field.default === 'object' ? '' : code(String(field.default));
