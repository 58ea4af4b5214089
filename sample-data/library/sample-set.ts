/** What `sample-data/<pipeline>/generate.ts` exports as its default. */
export interface SampleSet {
  /** One line: what is in it. */
  about: string;
  /**
   * Writes the whole set into `folder`, in the layout of `--data DIR`. `scale` multiplies the number of entities; from
   * 2 on, tables are folders of several files. The same arguments give the same bytes.
   *
   * Gives back lines for people: rows, labels, and the best score a model can reach.
   */
  generate(folder: string, scale: number): string[];
}
