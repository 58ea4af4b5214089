/** A labelled row whose true probabilities are known, because the label was drawn from them. */
export interface Drawn {
  probabilities: readonly number[];
  label: number;
}

export interface Scores {
  accuracy: number;
  macroF1: number;
}

/** Accuracy and macro-F1 of predicted class indexes; a class without any hit has an F1 of 0. */
export function scores(rows: readonly Drawn[], predicted: readonly number[], classes: number): Scores {
  const hits = new Array<number>(classes).fill(0);
  const named = new Array<number>(classes).fill(0);
  const there = new Array<number>(classes).fill(0);
  rows.forEach(({ label }, i) => {
    const guess = predicted[i] ?? 0;
    named[guess] = (named[guess] ?? 0) + 1;
    there[label] = (there[label] ?? 0) + 1;
    if (guess === label) hits[label] = (hits[label] ?? 0) + 1;
  });
  const f1 = hits.map((hit, k) => (2 * hit) / Math.max(1, (named[k] ?? 0) + (there[k] ?? 0)));
  return {
    accuracy: hits.reduce((a, b) => a + b, 0) / rows.length,
    macroF1: f1.reduce((a, b) => a + b, 0) / classes,
  };
}

/** Always the commonest class. */
export function majority(rows: readonly Drawn[], classes: number): Scores {
  const counts = new Array<number>(classes).fill(0);
  for (const { label } of rows) counts[label] = (counts[label] ?? 0) + 1;
  const most = counts.indexOf(Math.max(...counts));
  const predicted = rows.map(() => most);
  return scores(rows, predicted, classes);
}

/** The class with the greatest true probability: no model can be right more often, luck apart. */
export function bayes(rows: readonly Drawn[], classes: number): Scores {
  return scores(rows, rows.map(argmax(new Array<number>(classes).fill(1))), classes);
}

/**
 * The best macro-F1 that can be had from the true probabilities.
 *
 * Macro-F1 rewards rare classes, so its best rule is not the likeliest class but the likeliest after each class got a
 * weight. The weights are found by coordinate ascent; the score they reach is the known best of a sample set.
 */
export function bestMacroF1(rows: readonly Drawn[], classes: number): Scores {
  const weights = new Array<number>(classes).fill(1);
  let best = bayes(rows, classes);
  for (const step of [1.5, 1.2, 1.08, 1.03])
    for (let round = 0; round < 6; round++)
      for (let k = 0; k < classes; k++)
        for (const factor of [step, 1 / step]) {
          const tried = weights.map((weight, j) => (j === k ? weight * factor : weight));
          const score = scores(rows, rows.map(argmax(tried)), classes);
          if (score.macroF1 <= best.macroF1) continue;
          best = score;
          weights.splice(0, classes, ...tried);
        }
  return best;
}

const argmax =
  (weights: readonly number[]) =>
  ({ probabilities }: Drawn) => {
    let best = 0;
    const value = (k: number) => (probabilities[k] ?? 0) * (weights[k] ?? 1);
    for (let k = 1; k < probabilities.length; k++) if (value(k) > value(best)) best = k;
    return best;
  };
