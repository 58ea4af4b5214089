export function venvPython(root: string): string;
export function sitePackages(root: string): string;
/** Why the Python packages need work; undefined when they do not. */
export function pythonWork(root: string): string | undefined;
