import { createRequire } from 'node:module';
import validate from 'asl-validator';

interface Validator {
  errors?: unknown;
  getSchema(key: string): Compiled;
  validate(key: string, value: unknown): boolean;
}
type Compiled = ((value: unknown) => boolean) & { errors?: unknown };

const ajv = createRequire(createRequire(import.meta.url).resolve('asl-validator'))('ajv') as {
  default: new (options: object) => Validator;
};
const Ajv = ajv.default;

/** Those that an Ajv has compiled, by name: the same for every definition. */
const compiled = new Map<string, Compiled>();

class Kept extends Ajv {
  constructor(options: object) {
    super({ ...options, validateSchema: compiled.size === 0 });
  }

  override validate(key: string, value: unknown): boolean {
    if (typeof key !== 'string') return super.validate(key, value);
    const check = compiled.get(key) ?? this.getSchema(key);
    compiled.set(key, check);
    const valid = check(value);
    this.errors = check.errors;
    return valid;
  }
}

/**
 * What is wrong with a definition by the grammar of the Amazon States Language, or ''.
 *
 * asl-validator makes an Ajv for each definition, which compiles its schemas anew: a hundred times the work of looking
 * at the definition. It is given one here that keeps what is compiled.
 */
export function grammarErrors(definition: unknown): string {
  ajv.default = Kept;
  try {
    const { isValid, errorsText } = validate(definition);
    return isValid ? '' : errorsText('\n') || 'not valid';
  } finally {
    ajv.default = Ajv;
  }
}
