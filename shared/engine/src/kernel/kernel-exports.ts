/** What the compiled kernel offers its host. */

/** Commands that one call of the kernel takes. */
export const INPUT_RECORDS = 1_024;

/** See assembly/index.ts; 64-bit integers cross as signed BigInts, addresses as signed numbers. */
export interface KernelExports {
  setUp(eventPages: number, secretA: bigint, secretB: bigint): void;
  addMarket(
    orders: number,
    levels: number,
    sessions: number,
    results: number,
    matches: number,
    triggers: number,
  ): number;
  inputAddress(): number;
  eventAddress(): number;
  countersAddress(): number;
  shareEvents(): void;
  applyCommands(market: number, count: number, stampNs: bigint): void;
  reserveInput(pages: number): number;
  applyAt(
    market: number,
    address: number,
    count: number,
    stampNs: bigint,
    publishEvery: number,
  ): void;
  flushRest(): void;
  sequence(market: number): bigint;
  stateHash(market: number): bigint;
  openRecords(market: number): bigint;
  openOrders(market: number): number;
  nextTimerNs(market: number): bigint;
  lastPrice(market: number): bigint;
  balance(market: number, account: number): void;
  depth(market: number, side: number, after: bigint, limit: number): number;
  openOrdersOf(market: number, account: number, after: bigint, limit: number): number;
  outcome(market: number, account: number, session: number, requestId: bigint): number;
  openSnapshot(market: number): void;
  continueSnapshot(market: number): number;
  restoreRecords(market: number, count: number): void;
  beginSort(market: number): void;
  continueSort(market: number, orders: number): number;
  dismantle(market: number, orders: number): number;
  usedPages(): number;
}
