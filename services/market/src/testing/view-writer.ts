/**
 * The other side of market-metrics.test.ts: a market that is shown after every group, as fast as it
 * goes. In each group its only two orders are cancelled and placed anew: a view that is not of one
 * group shows it.
 */
import { workerData } from 'node:worker_threads';
import { KernelHost, loadKernel } from '@foldbook/engine';
import { decodeMessage, encodeCommands, RECORD_BYTES } from '@foldbook/protocol';
import { mapFile } from '@foldbook/runtime';
import { attachMetrics, ThreadMetrics } from '../market-metrics.ts';
import { buy, cancel, createMarket, fund, sell } from './commands.ts';

/** In ticks, between the two orders. */
export const SPREAD = 100n;
export const ACCOUNT = 7;

const PRICES = 50;
const TIME_NS = 1n;

function recordsOf(account: number, commands: Parameters<typeof encodeCommands>[0]): Uint8Array {
  const role = account === 0 ? 'operator' : 'client';
  const decoded = decodeMessage(encodeCommands(commands), role, account);
  if (!decoded.ok) throw new Error(decoded.detail);
  return decoded.value.records;
}

async function write(buffer: ArrayBufferLike): Promise<void> {
  const metrics = new ThreadMetrics(buffer, 0);
  const engine = new KernelHost(await loadKernel()).addMarket();
  const apply = (records: Uint8Array) =>
    engine.apply(records, records.byteLength / RECORD_BYTES, TIME_NS, (block, count) =>
      metrics.count(block, count),
    );
  metrics.startTurn(1);
  apply(recordsOf(0, [createMarket(), ...fund(ACCOUNT)]));
  apply(recordsOf(ACCOUNT, place(0)));
  const parent = process.ppid;
  for (let turn = 1; !isTold(buffer) && process.ppid === parent; turn += 1) {
    metrics.startTurn(1);
    apply(recordsOf(ACCOUNT, [cancel(1), cancel(2), ...place(turn)]));
    metrics.show(engine, turn, TIME_NS);
  }
}

const place = (turn: number) => {
  const price = 1 + (turn % PRICES);
  const quantity = 1 + (turn % 97);
  return [buy(1, price, quantity), sell(2, price + Number(SPREAD), quantity)];
};

/** The reader's only word: the reserved last one of the header. */
const STOP_WORD = 15;
const isTold = (buffer: ArrayBufferLike) => Atomics.load(new Int32Array(buffer), STOP_WORD) === 1;
export const tellToStop = (buffer: ArrayBufferLike) =>
  Atomics.store(new Int32Array(buffer), STOP_WORD, 1);

if (workerData?.memory !== undefined) void write(attachMetrics(workerData.memory));
else if (process.argv[2] === 'write') {
  void write(mapFile(process.argv[3] ?? '', 0, { create: false }).buffer);
}
