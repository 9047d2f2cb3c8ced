/** A table's lookup columns on the trace domain, where the kernel has them, cell by cell. */
import type { Table } from '../air/table.ts';
import { inverse } from '../field/base.ts';
import { add, DEGREE, type Extension, scale, sub, ZERO } from '../field/extension.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { fromMontgomery, toMontgomery } from '../kernel/montgomery.ts';
import type { LookupValues } from '../prove/lookups.ts';
import { TableTrace } from '../trace/table-trace.ts';
import { type Challenges, lookupsOf } from './air-check.ts';

export class LookupCells {
  readonly #kernel: Kernel;
  readonly #table: Table;
  readonly #height: number;
  readonly #address: number;
  #sum: Extension;

  constructor(kernel: Kernel, { table, height }: TableTrace, { address, sum }: LookupValues) {
    this.#kernel = kernel;
    this.#table = table;
    this.#height = height;
    this.#address = address;
    this.#sum = sum;
  }

  get values(): LookupValues {
    return { address: this.#address, sum: this.#sum };
  }

  /** Columns e are right in these rows, whatever the trace has there. */
  correct(trace: TableTrace, rows: readonly number[], challenges: Challenges): void {
    if (rows.length === 0) return;
    const some = new TableTrace(trace.table, 2 ** Math.ceil(Math.log2(rows.length)));
    for (const name of trace.table.columns) {
      some.named(name).set(rows.map((row) => trace.named(name)[row] ?? 0));
    }
    const { columns } = lookupsOf(some, 0, challenges);
    const steps = new Map<number, Extension>();
    rows.forEach((row, place) => {
      const changes = columns.slice(0, -1).map((column, index) => {
        const change = sub(column[place] ?? ZERO, this.#get(index, row));
        this.#add(index, row, change);
        return change;
      });
      steps.set(row, changes.reduce(add));
    });
    this.#moveSums(steps, [...steps.values()].reduce(add));
  }

  /** Takes from the sum, by a cell of a column e in the first row, or by S in the last one. */
  takeFromSum(excess: Extension, column: number | 'S'): void {
    const change = sub(ZERO, excess);
    if (column !== 'S') this.#add(column, 0, change);
    this.#moveSums(new Map(column === 'S' ? [] : [[0, change]]), change);
  }

  /** @param steps - by how much the fractions of rows have changed @param total - by how much T */
  #moveSums(steps: ReadonlyMap<number, Extension>, total: Extension): void {
    const column = this.#table.sums.length - 1;
    const share = scale(total, inverse(this.#height));
    let moved = ZERO;
    for (let row = 0; row < this.#height; row++) {
      this.#add(column, row, moved);
      moved = sub(add(moved, steps.get(row) ?? ZERO), share);
    }
    this.#sum = add(this.#sum, total);
  }

  #get(column: number, row: number): Extension {
    const at = (i: number) => fromMontgomery(this.#words(column, i)[row] ?? 0);
    return [at(0), at(1), at(2), at(3), at(4)];
  }

  #add(column: number, row: number, change: Extension): void {
    add(this.#get(column, row), change).forEach((coefficient, i) => {
      this.#words(column, i)[row] = toMontgomery(coefficient);
    });
  }

  #words(column: number, coordinate: number): Uint32Array {
    const place = this.#height * (DEGREE * column + coordinate);
    const { arena } = this.#kernel;
    return arena.words(this.#address + Uint32Array.BYTES_PER_ELEMENT * place, this.#height);
  }
}
