/** What assembly/index.ts exports. Addresses are unsigned, and come as signed numbers. */
export interface HistoryExports {
  /** Zeroed memory, never given back. */
  reserve(bytes: number): number;
  /** Pages of 64 KiB that were handed out, from the memory's beginning. */
  usedPages(): number;
  newInstruments(): number;
  instrumentCount(table: number): number;
  /** Address of an entry: length (u32) at 0, name from 8. */
  instrumentAt(table: number, instrument: number): number;

  /** A replay book; `options` and `window` as assembly/replay-book.ts has them. */
  newReplayBook(options: number, window: number): number;
  /** Returns how many were applied: all, or those before the one that is refused. */
  applyEvents(book: number, events: number, count: number): number;
  /** The same, with a row of a frame for each (assembly/replay-frame.ts). */
  applyToFrame(
    book: number,
    events: number,
    count: number,
    frame: number,
    firstEvent: number,
    depth: number,
  ): number;
  /** What the event is that was refused last. */
  refusalCode(book: number): number;
  /** Address of the counts of each code, u64. */
  countsAddress(book: number): number;
  resetBook(book: number): void;
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
  /** Before a decoder's first step; the address of its instruments' table. */
  beginDbn(decoder: number): number;
  stepDbn(decoder: number): void;

  /** Before a decoder's first step; the address of its stocks. */
  beginItch(decoder: number): number;
  stepItch(decoder: number): void;
  itchStockCount(stocks: number): number;
  itchLocateOf(stocks: number, instrument: number): number;
  /** Address of eight bytes, the last of them zeros. */
  itchNameOf(stocks: number, locate: number): number;

  /** Before a decoder's first step; the address of its instruments' table. */
  beginBin38(decoder: number): number;
  stepBin38(decoder: number): void;
  /** How many events it wrote before one that is no such record. */
  writeBin38(
    events: number,
    count: number,
    markets: number,
    marketCount: number,
    to: number,
  ): number;

  stepCompact(decoder: number): void;
  /** 1 where the file's end was read. */
  compactEnded(decoder: number): number;
  /** Bytes that it wrote; so the two that follow. */
  writeCompactHeader(priceExponent: number, quantityExponent: number, to: number): number;
  /** 0 where an event has an instrument beyond those. */
  writeCompactEvents(events: number, count: number, instruments: number, to: number): number;
  sealCompactBlock(kind: number, count: number, bytes: number, to: number): number;
  /** The number of a name, which is new or not; 2^32 - 1 where there is no room. */
  instrumentOf(table: number, name: number, length: number): number;

  /** A table of words that a decoder knows. */
  newWords(): number;
  addWord(table: number, word: number, length: number, code: number): void;
  stepLobster(decoder: number): void;
  stepLobsterRows(decoder: number): void;
  /** `placing` as assembly/lobster-rows.ts has it. */
  placeLevels(placing: number): void;
  setMboCsvWords(decoder: number, columns: number, actions: number, sides: number): void;
  stepMboCsv(decoder: number): void;
  setHyperliquidWords(
    decoder: number,
    keys: number,
    values: number,
    statuses: number,
    isStream: number,
  ): void;
  /** 1 where the input may end. */
  isHyperliquidWhole(decoder: number): number;
  stepHyperliquid(decoder: number): void;
  resetPlan(plan: number): void;
  newPlan(): number;
  /** 1 where there was room. */
  keepShare(events: number, count: number, index: number, shares: number): number;
  addFeature(plan: number, kind: number, halfLifeNs: number): number;
  computeFeatures(plan: number, frame: number): void;
  /** Of one feature (assembly/feature-sums.ts). */
  clearSums(sums: number): void;
  addToSums(sums: number, frame: number, feature: number): void;
  addRowsToSums(sums: number, frame: number, feature: number, instrument: number): void;
}
