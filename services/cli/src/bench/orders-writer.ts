/** The thread of `bench orders` that matches: it keeps to its core and applies messages. */
import { parentPort, workerData } from 'node:worker_threads';
import { conformCommands, KernelHost, loadKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { clockSince, pinCurrentThread } from '@foldbook/runtime';
import { readMessageFile } from '../message-file.ts';
import {
  type Expected,
  Flag,
  type OrdersControl,
  type OrdersOptions,
  type OrdersRun,
  type RunReady,
  START_OFFSET,
  type WriterReady,
} from './orders-messages.ts';
import { OrdersTally } from './orders-tally.ts';

const TIME_NS = 1n;
/** Commands a call of the kernel; publications are in between. */
const CALL_COMMANDS = 4_096;

interface WriterData {
  readonly options: OrdersOptions;
  readonly control: OrdersControl;
}

const { options, control } = workerData as WriterData;
const flags = new Int32Array(control.buffer);
const start = new Float64Array(control.buffer, START_OFFSET, 1);
const pin = pinCurrentThread(options.matchCore);
const { setUp, messages, write } = conformCommands(await readMessageFile(options.file));
const setUpCount = setUp.byteLength / RECORD_BYTES;
const firstSequence = setUpCount + 1;
const commands = new Uint8Array(messages * RECORD_BYTES);
write(commands);
const kernel = await loadKernel();

/** On one thread, and not timed: what the others have to see, and code that is compiled. */
function expected(): Expected {
  const engine = new KernelHost(kernel).addMarket();
  const tally = new OrdersTally(firstSequence);
  const add = (block: Uint8Array, count: number) => tally.add(block, 0, count);
  engine.apply(setUp, setUpCount, TIME_NS, add);
  engine.apply(commands, messages, TIME_NS, add);
  const { events, trades, checksum } = tally;
  return { events, trades, checksum };
}

function run({ publishEvery, perSec }: OrdersRun): void {
  globalThis.gc?.();
  const host = new KernelHost(kernel, { sharedEventPages: options.ringPages });
  const market = host.addMarket();
  const laidSetUp = host.layCommands(setUpCount);
  laidSetUp.bytes.set(setUp);
  const laid = host.layCommands(messages);
  laid.bytes.set(commands);
  market.applyLaid(laidSetUp, 0, setUpCount, TIME_NS, setUpCount);
  const nowNs = clockSince(control.originNs);
  parentPort?.postMessage({ events: host.sharedEvents, firstSequence } satisfies RunReady);
  while (Atomics.load(flags, Flag.GO) === 0);
  if (perSec === undefined) {
    for (let first = 0; first < messages; first += CALL_COMMANDS) {
      const count = Math.min(CALL_COMMANDS, messages - first);
      market.applyLaid(laid, first, count, TIME_NS, publishEvery);
    }
  } else {
    const startNs = start[0] ?? 0;
    const periodNs = 1e9 / perSec;
    for (let first = 0; first < messages; ) {
      // Those that have come by now.
      const count = Math.min(Math.floor((nowNs() - startNs) / periodNs), messages) - first;
      if (count === 0) continue;
      market.applyLaid(laid, first, count, TIME_NS, publishEvery);
      first += count;
    }
  }
  Atomics.store(flags, Flag.DONE, 1);
}

parentPort?.on('message', run);
parentPort?.postMessage({ messages, pin, expected: expected() } satisfies WriterReady);
