/** Something a person has to do something about: one or two lines, printed without a stack trace. */
export class Problem extends Error {
  /** 1 something failed, 2 wrong usage. */
  exitCode: number;
  constructor(message: string, exitCode?: number);
}
