/** What assembly/index.ts exports. Addresses are unsigned, and come as signed numbers. */
export interface HistoryExports {
  /** Zeroed memory, never given back. */
  reserve(bytes: number): number;
  newInstruments(): number;
  instrumentCount(table: number): number;
  /** Address of an entry: length (u32) at 0, name from 8. */
  instrumentAt(table: number, instrument: number): number;

  /** A replay book; `options` and `window` as assembly/replay-book.ts has them. */
  newReplayBook(options: number, window: number): number;
  /** Returns how many were applied: all, or those before the one that is refused. */
  applyEvents(book: number, events: number, count: number): number;
  /** What the event is that was refused last. */
  refusalCode(book: number): number;
  /** Address of the counts of each code, u64. */
  countsAddress(book: number): number;
  resetBook(book: number): void;
  /** False where there can be no such instrument. */
  seedLevel(
    book: number,
    instrument: number,
    side: number,
    price: bigint,
    quantity: bigint,
  ): boolean;
  trimLevels(book: number, instrument: number, levels: number): void;
  openOrders(book: number): number;
  instrumentStatus(book: number, instrument: number): number;
  levelsIn(book: number, instrument: number, side: number): number;
  /** Rows of 32 bytes (assembly/replay-queries.ts) at `out`; returns how many. */
  readLevels(
    book: number,
    instrument: number,
    side: number,
    afterLevel: number,
    most: number,
    out: number,
  ): number;
  readLevel(book: number, instrument: number, side: number, price: bigint, out: number): boolean;
  readQueue(level: number, afterOrder: number, ahead: bigint, most: number, out: number): number;
  findOrder(book: number, instrument: number, id: bigint, out: number): boolean;
}
