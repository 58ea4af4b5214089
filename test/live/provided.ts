import type {} from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where page and API answer, without a slash at the end. */
    url: string;
    /** Of the environment's own client, for everything. */
    token: string;
    /** State folder of the running environment. */
    state: string;
  }
}
