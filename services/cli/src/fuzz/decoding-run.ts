/** One decoder and one input: everything that can be seen of it, and what must not be. */
import {
  DecodeError,
  type DecodingOptions,
  EVENT_BYTES,
  type EventBlock,
  EventOffset,
  type MarketDecoder,
} from '@foldbook/history';
import { FuzzFault } from './fuzz-target.ts';
import type { MeteredKernel } from './metered-kernel.ts';

export type MakeDecoder = (kernel: MeteredKernel, options: DecodingOptions) => MarketDecoder;

export interface DecodingRun {
  readonly events: Buffer;
  readonly instruments: readonly string[];
  readonly error: { readonly code: string; readonly offset: number } | undefined;
  readonly counts: readonly bigint[];
}

export interface RunOptions {
  readonly kernel: MeteredKernel;
  readonly make: MakeDecoder;
  readonly options: DecodingOptions;
  /** Lengths of pieces, the last of which repeats. */
  readonly cut: readonly number[];
  readonly onBlock?: (block: EventBlock) => void;
}

/** Of a decoder, beyond what it had before it read anything. */
const SPARE_BYTES = 512 << 10;
const BYTES_A_BYTE = 64;
const LAST_ACTION = 10;
const LAST_SIDE = 2;

/** @throws FuzzFault, and what the decoder throws that is no DecodeError */
export function runDecoder(bytes: Uint8Array, run: RunOptions): DecodingRun {
  const { kernel, make, options, cut, onBlock } = run;
  kernel.allowSteps(64 + 4 * (bytes.length + 1));
  const decoder = make(kernel, options);
  const before = kernel.usedBytes;
  const parts: Uint8Array[] = [];
  const take = (block: EventBlock) => {
    parts.push(eventBytes(kernel, decoder, block));
    // The book's memory is not the decoder's.
    onBlock?.(block);
  };
  const error = decode(decoder, bytes, cut, take);
  const grown = kernel.usedBytes - before;
  if (onBlock === undefined && grown > SPARE_BYTES + BYTES_A_BYTE * bytes.length) {
    throw new FuzzFault('memory', `${grown} bytes for an input of ${bytes.length}`);
  }
  checkEnd(decoder, bytes, error, options.lenient === true);
  const { faults, skipped, units } = decoder;
  return {
    events: Buffer.concat(parts),
    instruments: decoder.instruments(),
    error: error && { code: error.code, offset: error.offset },
    counts: [faults, skipped, units],
  };
}

function decode(
  decoder: MarketDecoder,
  bytes: Uint8Array,
  cut: readonly number[],
  take: (block: EventBlock) => void,
): DecodeError | undefined {
  try {
    for (let at = 0, index = 0; at < bytes.length; index += 1) {
      const length = cut[Math.min(index, cut.length - 1)] ?? 1;
      decoder.push(bytes.subarray(at, at + length), take);
      at += length;
    }
    decoder.end(take);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

/** A copy, of events that can be. */
function eventBytes(kernel: MeteredKernel, decoder: MarketDecoder, block: EventBlock): Uint8Array {
  const { address, count } = block;
  const bytes = new Uint8Array(kernel.memory.buffer, address, count * EVENT_BYTES).slice();
  const view = new DataView(bytes.buffer);
  const known = decoder.instrumentCount;
  for (let at = 0; at < bytes.length; at += EVENT_BYTES) {
    const action = view.getUint8(at + EventOffset.ACTION);
    const side = view.getUint8(at + EventOffset.SIDE);
    const instrument = view.getUint32(at + EventOffset.INSTRUMENT, true);
    if (action === 0 || action > LAST_ACTION || side > LAST_SIDE || instrument >= known) {
      const words = `action ${action}, side ${side}, instrument ${instrument} of ${known}`;
      throw new FuzzFault('no such event', words);
    }
  }
  return bytes;
}

function checkEnd(
  decoder: MarketDecoder,
  bytes: Uint8Array,
  error: DecodeError | undefined,
  isLenient: boolean,
): void {
  const { consumed, faults, units } = decoder;
  const { length } = bytes;
  if (error !== undefined && !(error.offset >= 0 && error.offset <= length)) {
    throw new FuzzFault('offset', `${error.code} at ${error.offset} of ${length} bytes`);
  }
  // A last line without a break gets one.
  if (consumed > length + 1) throw new FuzzFault('offset', `${consumed} of ${length} bytes taken`);
  if (faults > BigInt(length) + 1n || (faults > 0n && !isLenient)) {
    throw new FuzzFault('faults', `${faults} in ${length} bytes, lenient: ${isLenient}`);
  }
  if (units > BigInt(length) + 1n) throw new FuzzFault('units', `${units} in ${length} bytes`);
  if (error === undefined) return;
  const again = pushAgain(decoder);
  if (again?.code === error.code && again.offset === error.offset) return;
  const found = again === undefined ? 'nothing' : `${again.code} at ${again.offset}`;
  throw new FuzzFault('another error', `${error.code} at ${error.offset}, then ${found}`);
}

/** What a decoder answers that has failed already. */
function pushAgain(decoder: MarketDecoder): DecodeError | undefined {
  const take = () => {
    throw new FuzzFault('events after an error', 'a block was handed over');
  };
  return decode(decoder, Uint8Array.of(0x0a), [1], take);
}
