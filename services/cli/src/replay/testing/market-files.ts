/** Small files of market data, made by tests, and a plan to play them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ReplayPlan } from '../replay-plan.ts';

export const PLAN: ReplayPlan = {
  ...{ format: undefined, member: undefined, mapping: true, lenient: false, orderbook: true },
  ...{
    unknown: undefined,
    levels: undefined,
    bookLevels: 5,
    instrument: undefined,
    features: [],
    depth: undefined,
  },
  ...{ strategies: [], parquet: undefined, svg: undefined, bin38: undefined, compact: undefined },
  ...{ repeat: 1, speed: undefined, follow: false, engine: false, backtest: false },
  ...{ latency: undefined, fees: undefined, funds: undefined, orders: undefined },
};

/** A folder that goes with the test. */
export async function testFolder(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'foldbook-replay-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const pathOf = (name: string) => join(folder, name);
  const put = async (name: string, content: string | Uint8Array) => {
    await writeFile(pathOf(name), content);
    return pathOf(name);
  };
  return { folder, pathOf, put };
}

const CSV_HEAD = 'ts_event,action,side,price,size,order_id,flags,symbol';

/** Rows as `action,side,price,size,order` with an instrument and time that go on. */
export function csvOf(rows: readonly string[], symbol = 'ABC'): string {
  const lines = rows.map((row, index) => `${1_700_000_000_000_000_000n + BigInt(index)},${row}`);
  return [CSV_HEAD, ...lines.map((line) => `${line},128,${symbol}`), ''].join('\n');
}

/** Three bids and two asks: 10.00 / 10.50. */
export const BOOK_ROWS = [
  'R,N,,0,0',
  'A,B,10,5,1',
  'A,B,10,7,2',
  'A,B,9.75,1,3',
  'A,A,10.5,4,4',
  'A,A,11,2,5',
] as const;

const DIFF_TIME = '2026-04-30T20:00:00.000000001';

/** A block of a Hyperliquid node's book differences. */
export function blockOf(number: number, ...events: readonly string[]): string {
  const head = `"local_time":"${DIFF_TIME}","block_time":"${DIFF_TIME}"`;
  return `{${head},"block_number":${number},"events":[${events.join(',')}]}\n`;
}

export const newDiff = (oid: number, px: string, sz: string, side = 'B'): string =>
  `{"user":"0x","oid":${oid},"coin":"BTC","side":"${side}","px":"${px}",` +
  `"raw_book_diff":{"new":{"sz":"${sz}"}}}`;
export const removeDiff = (oid: number, px: string, side = 'B'): string =>
  `{"user":"0x","oid":${oid},"coin":"BTC","side":"${side}","px":"${px}","raw_book_diff":"remove"}`;
