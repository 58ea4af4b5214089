/**
 * Random numbers that are the same on every machine for the same seed.
 *
 * Written by hand because Node's own generator cannot be seeded: sfc32 by Chris Doty-Humphrey, which passes PractRand,
 * seeded by an FNV-1a hash of a text. Only `Math.exp`, `log`, `sqrt` and `cos` are used on top, which V8 computes by
 * fdlibm on every platform.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** One stream a text: `new Random('buyer-stage/member/7')` does not depend on what was drawn for member 6. */
  constructor(seed: string) {
    this.#a = hash(`${seed}/a`);
    this.#b = hash(`${seed}/b`);
    this.#c = hash(`${seed}/c`);
    for (let i = 0; i < 12; i++) this.#next();
  }

  #next(): number {
    const t = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** In [0, 1). */
  uniform(): number {
    return this.#next() / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** A whole number, both ends included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.uniform() * (most - least + 1));
  }

  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Knuth's method: fine for the small means of behaviour counts. */
  poisson(mean: number): number {
    const limit = Math.exp(-Math.min(mean, 500));
    let count = 0;
    for (let product = this.uniform(); product > limit; product *= this.uniform()) count++;
    return count;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.uniform() * items.length)] ?? items[0];
  }

  /** An index, drawn in proportion to the weights. */
  weighted(weights: readonly number[]): number {
    let left = this.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return index;
    }
    return weights.length - 1;
  }
}

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  // FNV's last characters hardly reach the high bits; this final mix (of MurmurHash3) spreads them.
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
