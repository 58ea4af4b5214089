/** What is wrong with node_modules; undefined when nothing is. */
export function nodePackagesProblem(root: string): string | undefined;
