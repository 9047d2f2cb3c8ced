/**
 * The file that a market is recovered from instead of its whole log: what the service knows of it
 * at a group's end, and the engine's snapshot there.
 *
 * ```
 * "FBCP" | version u16 | zero u16 | frame: facts | frame: snapshot, a piece ... | u32 0
 * frame = length u32 (not 0) | bytes
 * ```
 *
 * Little-endian. The facts are a msgpack map. In version 2 a piece is packed into columns, and
 * these into a zstd frame; in version 1, which is still read, it is as it is. That nothing of it
 * was changed is for the store to show, which seals what it keeps; the engine's snapshot has a seal
 * of its own.
 */
import assert from 'node:assert/strict';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { packPiece, unpackPiece } from '@foldbook/engine';
import { isMarketName, viewOf } from '@foldbook/protocol';
import { decode, encode } from '@msgpack/msgpack';
import { z } from 'zod';
import { savedTermsSchema } from './market-terms.ts';
import { savedTransfersSchema } from './market-transfers.ts';

const MAGIC = 0x50_43_42_46;
const VERSION = 2;
/** Its pieces are not packed. */
const PLAIN_VERSION = 1;
const PREFIX_BYTES = 8;
const LENGTH_BYTES = 4;
const HEAD_BYTES = 32;
/** Bigints are 64-bit integers, and numbers whatever holds them. */
const BIGINTS = { useBigInt64: true };
/** Pieces of snapshots are far smaller; bounds what a damaged length makes us wait for. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

const count = z.int().min(0);

const factsSchema = z.object({
  partition: count,
  market: z.string().refine(isMarketName),
  id: z.int().min(1),
  /** Of its first group. */
  firstLogSequence: z.int().min(1),
  /** Of the last group that is in it; the next one is the first to execute. */
  logSequence: z.int().min(1),
  /** Hash-chain heads before and after that group: they tell whether a log has the same one. */
  headBefore: z.instanceof(Uint8Array).refine((head) => head.byteLength === HEAD_BYTES),
  head: z.instanceof(Uint8Array).refine((head) => head.byteLength === HEAD_BYTES),
  /** Market sequence of the group's last command. */
  sequence: count,
  /** Settlement records told so far, from genesis. */
  settlementRecords: count,
  /** Log sequence of the open epoch's first group; 0 before there is one. */
  epochLogFirst: count,
  counters: z.object({ commands: count, trades: count, deltas: count, groups: count }),
  /** Last sequences of the output streams that hold all that it told. */
  positions: z.object({ reports: count, diffs: count }),
  /** Of the owner that wrote it. Files of releases before it do not say. */
  term: count.optional(),
  isCreated: z.boolean(),
  /** Settlement records of the open epoch. */
  openRecords: count,
  /** When the engine's next timer is due, ns since 1970; 0 for none. */
  nextTimerNs: z.bigint().min(0n),
  terms: savedTermsSchema,
  transfers: savedTransfersSchema,
});

/** A market at the end of one of its groups, as the service knows it beside the engine. */
export type CheckpointFacts = z.infer<typeof factsSchema>;

/** The file can't be used; another one, or the log, can. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** The file's beginning. */
export function checkpointStart(facts: CheckpointFacts): Uint8Array {
  const frame = frameOf(encode(facts, BIGINTS));
  const start = new Uint8Array(PREFIX_BYTES + frame.byteLength);
  viewOf(start).setUint32(0, MAGIC, true);
  viewOf(start).setUint16(4, VERSION, true);
  start.set(frame, PREFIX_BYTES);
  return start;
}

/** What the file holds of a piece of the engine's snapshot, which is copied. */
export function checkpointFrame(piece: Uint8Array): Uint8Array {
  assert(piece.byteLength > 0 && piece.byteLength <= MAX_FRAME_BYTES, 'a piece has a size');
  return frameOf(zstdCompressSync(packPiece(piece)));
}

function frameOf(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + bytes.byteLength);
  viewOf(frame).setUint32(0, bytes.byteLength, true);
  frame.set(bytes, LENGTH_BYTES);
  return frame;
}

/** @throws CheckpointError */
function pieceOf(frame: Uint8Array): Uint8Array {
  try {
    const packed = zstdDecompressSync(frame, { maxOutputLength: MAX_FRAME_BYTES });
    return unpackPiece(packed, MAX_FRAME_BYTES);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError(`a piece can't be unpacked: ${detail}`, { cause });
  }
}

/** The file's end. */
export const checkpointEnd = () => new Uint8Array(LENGTH_BYTES);

/** Reads the file's bytes as they come, in chunks of any size. */
export class CheckpointReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #state: 'prefix' | 'facts' | 'pieces' | 'whole' = 'prefix';
  #facts: CheckpointFacts | undefined;
  #isPacked = true;
  readonly #isSkimmed: boolean;

  /** @param isSkimmed - gives pieces as the file has them, for who wants the facts alone */
  constructor({ isSkimmed = false }: { readonly isSkimmed?: boolean } = {}) {
    this.#isSkimmed = isSkimmed;
  }

  /** Once they have been read. */
  get facts(): CheckpointFacts | undefined {
    return this.#facts;
  }

  /**
   * Takes a chunk, and gives the pieces of the snapshot that it completes.
   * @throws CheckpointError for anything that is not a whole and sound file
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    this.#append(chunk);
    for (;;) {
      if (this.#state === 'whole') {
        if (this.#bytes.byteLength > 0) throw new CheckpointError('bytes follow its end');
        return;
      }
      if (this.#state === 'prefix') {
        if (!this.#prefix()) return;
      } else {
        const frame = this.#frame();
        if (frame === undefined) return;
        if (frame.byteLength === 0) this.#endPieces();
        else if (this.#state === 'facts') this.#readFacts(frame);
        else yield this.#isPacked && !this.#isSkimmed ? pieceOf(frame) : frame;
      }
    }
  }

  /** @throws CheckpointError if the file ended before it was whole */
  end(): CheckpointFacts {
    if (this.#state === 'whole' && this.#facts !== undefined) return this.#facts;
    throw new CheckpointError(`it ends before it is whole, in its ${this.#state}`);
  }

  #append(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.#bytes.byteLength + chunk.byteLength);
    joined.set(this.#bytes);
    joined.set(chunk, this.#bytes.byteLength);
    this.#bytes = joined;
  }

  #take(length: number): Uint8Array | undefined {
    if (this.#bytes.byteLength < length) return undefined;
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  #prefix(): boolean {
    const prefix = this.#take(PREFIX_BYTES);
    if (prefix === undefined) return false;
    const view = viewOf(prefix);
    if (view.getUint32(0, true) !== MAGIC) throw new CheckpointError('it is no checkpoint');
    const version = view.getUint16(4, true);
    if (version !== VERSION && version !== PLAIN_VERSION) {
      const known = `versions ${PLAIN_VERSION} and ${VERSION} are known`;
      throw new CheckpointError(`it has version ${version}; ${known}`);
    }
    this.#isPacked = version === VERSION;
    if (view.getUint16(6, true) !== 0) throw new CheckpointError('bytes 6 and 7 are not zero');
    this.#state = 'facts';
    return true;
  }

  /** Undefined while there is no whole one. */
  #frame(): Uint8Array | undefined {
    if (this.#bytes.byteLength < LENGTH_BYTES) return undefined;
    const length = viewOf(this.#bytes).getUint32(0, true);
    if (length > MAX_FRAME_BYTES) throw new CheckpointError(`a piece of ${length} bytes`);
    return this.#take(LENGTH_BYTES + length)?.subarray(LENGTH_BYTES);
  }

  #readFacts(frame: Uint8Array): void {
    let value: unknown;
    try {
      value = decode(frame, BIGINTS);
    } catch (error) {
      throw new CheckpointError('its facts are no msgpack', { cause: error });
    }
    const parsed = factsSchema.safeParse(value);
    if (!parsed.success) {
      throw new CheckpointError(`its facts: ${z.prettifyError(parsed.error)}`);
    }
    this.#facts = parsed.data;
    this.#state = 'pieces';
  }

  #endPieces(): void {
    if (this.#state === 'facts') throw new CheckpointError('it has no facts');
    this.#state = 'whole';
  }
}
