/** What is known of one thing in an environment. */
export interface Part {
  group: (typeof GROUPS)[number];
  name: string;
  /** `note`: not there, or not as it will be, without anything being wrong. `unknown`: it could not be asked for. */
  state: 'ok' | 'note' | 'wrong' | 'unknown';
  /** In words. */
  says: string;
  /** Where more is to be seen. */
  link?: string | undefined;
  /** For programs: dates in ISO form, ages in seconds or as their names say. */
  facts?: Record<string, string | number | boolean | null>;
}

export const GROUPS = ['stacks', 'runs', 'alarms', 'predictions', 'endpoints', 'api'] as const;

/**
 * Asks AWS for one part. A call that is denied, or fails otherwise, makes that part unknown and no other: a person who may
 * see half of an environment is told that half.
 *
 * @param call as IAM names it, for example `states:ListExecutions`
 */
export async function part(
  group: Part['group'],
  name: string,
  call: string,
  ask: () => Promise<Omit<Part, 'group' | 'name'>>,
): Promise<Part> {
  try {
    return { group, name, ...(await ask()) };
  } catch (error) {
    const { name: kind, message } = error as Error;
    const denied = /AccessDenied|UnauthorizedOperation|NotAuthorized/i.test(kind) || /not authorized/i.test(message);
    // Of several calls for one part, AWS says which it was.
    const which = /perform:? ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1] ?? call;
    return {
      group,
      name,
      state: 'unknown',
      says: denied ? `${which} is denied to these credentials` : `${which} failed: ${kind}: ${message}`,
      facts: { call: which, denied },
    };
  }
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** `3 hours ago` */
export function ago(then: Date, now: number): string {
  const seconds = Math.max(0, (now - then.getTime()) / 1000);
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ['second', 1];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}

export const secondsSince = (then: Date, now: number): number => Math.max(0, Math.round((now - then.getTime()) / 1000));
