export function writeStamp(file: string, content: unknown): void;
