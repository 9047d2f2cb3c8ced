/** Decoding in tests: all events of some bytes, cut into chunks as the test wants. */
import { buildHistory } from '../build.ts';
import { DecodeError } from '../src/decode-error.ts';
import type { EventBlock } from '../src/decoder.ts';
import { EVENT_BYTES, type MarketEvent, readEvent, writeEvent } from '../src/event.ts';
import { HistoryKernel, loadHistoryModule } from '../src/kernel/history-kernel.ts';
import type { MarketDecoder } from '../src/market-decoder.ts';

await buildHistory();
const module = await loadHistoryModule();

export const newKernel = (): HistoryKernel => new HistoryKernel(module);

/** A kernel takes gigabytes of addresses, and gives no memory back: many decoders share one. */
const MOST_SHARED_BYTES = 256 << 20;
let shared = newKernel();

export function sharedKernel(): HistoryKernel {
  if (shared.memory.buffer.byteLength > MOST_SHARED_BYTES) shared = newKernel();
  return shared;
}

export interface Decoded {
  readonly events: MarketEvent[];
  readonly instruments: string[];
  readonly error: { readonly code: string; readonly offset: number } | undefined;
  readonly faults: bigint;
  readonly skipped: bigint;
  readonly units: bigint;
}

/** @param cut lengths of chunks, the last of which repeats */
export function decodeWith(
  make: (kernel: HistoryKernel) => MarketDecoder,
  input: string | Uint8Array,
  cut: readonly number[] = [1 << 16],
): Decoded {
  const kernel = sharedKernel();
  const decoder = make(kernel);
  const events: MarketEvent[] = [];
  const onBlock = (block: EventBlock) => events.push(...eventsOf(kernel, block));
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  let error: Decoded['error'];
  try {
    for (let at = 0, index = 0; at < bytes.length; index += 1) {
      const length = Math.max(1, cut[Math.min(index, cut.length - 1)] ?? 1);
      decoder.push(bytes.subarray(at, at + length), onBlock);
      at += length;
    }
    decoder.end(onBlock);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    error = { code: thrown.code, offset: thrown.offset };
  }
  const { faults, skipped, units } = decoder;
  return { events, instruments: decoder.instruments(), error, faults, skipped, units };
}

export function eventsOf(kernel: HistoryKernel, { address, count }: EventBlock): MarketEvent[] {
  const view = new DataView(kernel.memory.buffer);
  return Array.from({ length: count }, (_, index) =>
    readEvent(view, address + index * EVENT_BYTES),
  );
}

/** Events in a kernel's memory, as a decoder would hand them over. */
export function blockOf(kernel: HistoryKernel, events: readonly MarketEvent[]): EventBlock {
  const { address } = kernel.reserve(Math.max(1, events.length) * EVENT_BYTES);
  const view = new DataView(kernel.memory.buffer);
  for (const [index, event] of events.entries()) {
    writeEvent(view, address + index * EVENT_BYTES, event);
  }
  return { address, count: events.length };
}

/** Bytes of a file as they come from one. */
export function* chunksOf(bytes: Uint8Array, length = 1 << 16): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
