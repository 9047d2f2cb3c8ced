/** Runs one strategy in a thread of its own; StrategyThreads starts it. */
import assert from 'node:assert/strict';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Frame } from '../features/frame.ts';
import { FrameReader } from './frame-ring.ts';
import { InlineStrategy } from './inline-strategy.ts';
import type { StrategyContext } from './strategy.ts';
import type { FromStrategy, StrategyData, StrategyGo, ToStrategy } from './strategy-messages.ts';
import { loadStrategy } from './strategy-module.ts';

const port = parentPort;
assert(port !== null, 'this module is the main one of a worker thread');
const { path, memory } = workerData as StrategyData;
const tell = (message: FromStrategy) => port.postMessage(message);

let names: readonly string[] = [];

function receive(): void {
  assert(port !== null);
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) return;
    const message = received.message as ToStrategy;
    if (message.type === 'instruments') names = message.names;
  }
}

function contextOf({ priceDecimals, quantityDecimals }: StrategyGo): StrategyContext {
  const instruments = () => {
    receive();
    return names;
  };
  return { instruments, priceDecimals, quantityDecimals };
}

function fail(error: unknown): void {
  const [code, message] =
    error instanceof Error && 'code' in error
      ? [`${error.code}`, error.message]
      : ['STRATEGY_FAILED', error instanceof Error ? error.message : `${error}`];
  tell({ type: 'failed', code, message });
}

try {
  const strategy = await loadStrategy(path);
  tell({ type: 'ready', features: strategy.features ?? [] });
  port.once('message', (first: ToStrategy) => {
    assert(first.type === 'go');
    const { go } = first;
    const { buffer } = memory;
    const frames = go.frames.map((address) => new Frame(buffer, address, go.featureCount));
    const words = new Int32Array(buffer, go.ring, go.ringBytes / 4);
    const reader = new FrameReader(words, frames, go.reader);
    // The writer waits without turning its loop: it hears of a thread's end from the ring alone.
    process.once('exit', () => reader.fail());
    try {
      const run = new InlineStrategy({
        path,
        strategy,
        context: contextOf(go),
        columns: go.columns,
      });
      for (;;) {
        const frame = reader.next();
        if (frame === undefined) break;
        run.onFrame(frame);
        reader.done();
      }
      tell({ type: 'ended', result: run.result() });
    } catch (error) {
      reader.fail();
      fail(error);
    }
    port.close();
  });
} catch (error) {
  fail(error);
  port.close();
}
