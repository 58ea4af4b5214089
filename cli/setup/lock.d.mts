/** Whether a process with this id runs. */
export function isAlive(pid: number): boolean;
/** The process id in a lock file; undefined when there is no such file. */
export function pidIn(file: string): number | undefined;
