/** What is known of a tree before it is made: its heights, its cap, how long its openings are. */

/** The rows of all tables of one height, side by side. */
export interface TreeHeight {
  /** Log of the number of rows, on the extended domain. */
  readonly logSize: number;
  /** Words of a row: 1 to 256. */
  readonly columns: number;
}

export const DIGEST_BYTES = 32;
export const MAX_COLUMNS = 256;
const LOG_CAP = 6;

export class TreeShape {
  /** Largest first, no two of the same size. */
  readonly heights: readonly TreeHeight[];
  readonly logSize: number;
  readonly logCap: number;

  /** @param tables - in any order; those of the same size come to stand side by side */
  constructor(tables: readonly TreeHeight[]) {
    const columns = new Map<number, number>();
    for (const table of tables) {
      columns.set(table.logSize, (columns.get(table.logSize) ?? 0) + table.columns);
    }
    this.heights = [...columns]
      .map(([logSize, count]) => ({ logSize, columns: count }))
      .sort((a, b) => b.logSize - a.logSize);
    const [largest, smallest] = [this.heights[0], this.heights.at(-1)];
    if (largest === undefined || smallest === undefined) {
      throw new Error('assertion failed: a tree has a table');
    }
    for (const height of this.heights) {
      if (height.columns < 1 || height.columns > MAX_COLUMNS) {
        throw new Error(`assertion failed: ${height.columns} columns of one height in one tree`);
      }
    }
    this.logSize = largest.logSize;
    this.logCap = Math.min(LOG_CAP, smallest.logSize);
  }

  get capBytes(): number {
    return DIGEST_BYTES * 2 ** this.logCap;
  }

  /** Words of an opening's rows, all heights together. */
  get rowWords(): number {
    return this.heights.reduce((sum, { columns }) => sum + columns, 0);
  }

  /** Bytes of an opening's siblings. */
  get siblingBytes(): number {
    return DIGEST_BYTES * (this.logSize - this.logCap);
  }
}
