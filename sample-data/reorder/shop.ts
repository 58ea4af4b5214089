import { Random } from '../library/random.ts';

/** What is on the shelves: ids from 1 on; low ids are bought most. */
export interface Shop {
  products: number;
  /** How much of a staple each product is, as a part of the logit below: milk is bought again, a candle is not. */
  staple: Float64Array;
}

/** Share of new products that are on no shelf any more, and the ids these have. */
const DELISTED = { share: 0.003, from: 900_001, to: 900_099 };

/** One line of an order: `position` counts from 1 in the order in which the cart was filled. */
export interface Line {
  product: number;
  position: number;
  reordered: 0 | 1;
}

/** What a user has done with one product in the orders so far. */
interface Bought {
  orders: number;
  first: number;
  last: number;
  positions: number;
}

/** How a user shops; nobody but this simulation knows. */
export interface Habits {
  loyalty: number;
  newProducts: number;
  daysBetween: number;
}

export function shopOf(products: number): Shop {
  const random = new Random('reorder/shop');
  return { products, staple: Float64Array.from({ length: products }, () => random.normal(0, 0.35)) };
}

export const habitsOf = (random: Random): Habits => ({
  loyalty: random.normal(0, 0.4),
  newProducts: Math.exp(random.normal(1.1, 0.45)),
  daysBetween: Math.min(28, 3 + Math.exp(random.normal(2, 0.6))),
});

/** The products a user has bought, and what the next order will be like. */
export class History {
  readonly bought = new Map<number, Bought>();
  readonly #shop: Shop;
  readonly #habits: Habits;

  constructor(shop: Shop, habits: Habits) {
    this.#shop = shop;
    this.#habits = habits;
  }

  /**
   * The probability that order `number` holds a product bought before: the truth that a model can only approach. It
   * grows with how regularly the product was bought since the first time, falls with the orders since the last one and
   * with a late place in the cart, and has a part of the user's and of the product's own.
   */
  probability(product: number, number: number): number {
    const past = this.bought.get(product);
    if (!past) return 0;
    const rate = past.orders / (number - past.first + 1);
    const pause = Math.min(number - past.last, 9) - 1;
    const position = Math.min(past.positions / past.orders, 20);
    const own = this.#habits.loyalty + (this.#shop.staple[product - 1] ?? 0);
    return 1 / (1 + Math.exp(2.2 - 3.4 * rate + 0.35 * pause + 0.05 * (position - 5) - own));
  }

  /** The lines of order `number`: what is bought again, in no order but mostly first, then what is new. */
  draw(random: Random, number: number): Line[] {
    const again = [...this.bought.keys()].filter((product) => random.chance(this.probability(product, number)));
    const fresh = new Set<number>();
    for (let left = random.poisson(this.#habits.newProducts) + (again.length ? 0 : 1); left > 0; left--) {
      const product = random.chance(DELISTED.share)
        ? random.int(DELISTED.from, DELISTED.to)
        : 1 + Math.floor(this.#shop.products * random.uniform() ** 2.5);
      if (!this.bought.has(product)) fresh.add(product);
    }
    const cart = [
      ...again.map((product) => ({ product, reordered: 1 as const, place: random.uniform() })),
      ...[...fresh].map((product) => ({ product, reordered: 0 as const, place: 0.3 + random.uniform() })),
    ].sort((a, b) => a.place - b.place);
    return cart.map(({ product, reordered }, i) => ({ product, reordered, position: i + 1 }));
  }

  /** Remembers an order of the past. */
  remember(lines: readonly Line[], number: number): void {
    for (const { product, position } of lines) {
      const past = this.bought.get(product) ?? { orders: 0, first: number, last: number, positions: 0 };
      past.orders++;
      past.last = number;
      past.positions += position;
      this.bought.set(product, past);
    }
  }
}
