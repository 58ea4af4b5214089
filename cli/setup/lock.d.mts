/** Whether a process with this id runs. */
export function isAlive(pid: number): boolean;
/** The process id in a lock file; undefined when there is no such file. */
export function pidIn(file: string): number | undefined;
/** Lets one process at a time do `work`; `waiting` is told once which process is being waited for. */
export function withLock<T>(file: string, waiting: (pid: number) => void, work: () => Promise<T>): Promise<T>;
