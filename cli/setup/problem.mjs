/** Something a person has to do something about: one or two lines, printed without a stack trace. */
export class Problem extends Error {
  /**
   * @param {string} message what is wrong and what to do
   * @param {number} [exitCode] 1 something failed, 2 wrong usage
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.name = 'Problem';
    this.exitCode = exitCode;
  }
}
