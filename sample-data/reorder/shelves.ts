import { Random } from '../library/random.ts';
import type { Row, TableWriter } from '../library/tables.ts';
import { HOSTILE_NAMES } from './dirt.ts';
import type { Shop } from './shop.ts';

const DEPARTMENTS = ['produce', 'dairy eggs', 'bakery', 'beverages', 'pantry', 'frozen', 'household', 'other'] as const;
const AISLES_EACH = 3;
const KINDS = ['Organic', 'Fresh', 'Whole', 'Sparkling', 'Roasted', 'Unsalted', 'Extra Virgin', 'Sliced'] as const;
const THINGS = [
  'Bananas',
  'Milk',
  'Bread',
  'Water',
  'Almonds',
  'Peas',
  'Soap',
  'Candles',
  'Spinach',
  'Yoghurt',
] as const;

/** Products, aisles and departments. No feature reads a name, so the hostile ones must do no harm anywhere. */
export function writeShelves(shop: Shop, to: Record<'products' | 'aisles' | 'departments', TableWriter>): void {
  const random = new Random('reorder/shelves');
  const aisles = DEPARTMENTS.length * AISLES_EACH;
  for (let id = 1; id <= shop.products; id++) {
    const aisle = random.int(1, aisles);
    const row: Row = {
      product_id: id,
      product_name: HOSTILE_NAMES[id - 1] ?? `${random.pick(KINDS)} ${random.pick(THINGS)}, No. ${id}`,
      aisle_id: aisle,
      department_id: 1 + Math.floor((aisle - 1) / AISLES_EACH),
    };
    to.products.write(row);
    if (id % 97 === 0) to.products.write({ ...row, product_name: `${row.product_name} (new recipe)` });
    if (id % 211 === 0) to.products.write({ ...row, product_id: null });
  }
  for (let id = 1; id <= aisles; id++) {
    const department = DEPARTMENTS[Math.floor((id - 1) / AISLES_EACH)];
    to.aisles.write({ aisle_id: id, aisle: `${department} ${'abc'[(id - 1) % AISLES_EACH]}` });
  }
  DEPARTMENTS.forEach((department, i) => {
    to.departments.write({ department_id: i + 1, department });
  });
}
