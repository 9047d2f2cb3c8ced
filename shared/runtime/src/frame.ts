/** Messages as frames in a ring between processes (shared-memory-layout.ts): out, and in. */

import { Slab } from '@foldbook/protocol';
import { FrameQueue } from './frame-queue.ts';
import type { RingConsumer, RingProducer } from './ring.ts';
import { SLOT_BYTES } from './ring-descriptor.ts';
import { FRAME_HEADER_BYTES, FrameOffset, MAX_SUBJECT_BYTES } from './shared-memory-layout.ts';

export interface Frame {
  readonly kind: number;
  readonly id: number;
  readonly subject: string;
  readonly reply: string;
  /** Belongs to whoever gets the frame. */
  readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array(0);
/** In one pass: what else the reader's thread has to do comes in between. */
const MAX_FRAMES = 256;
const FIRST_SCRATCH_BYTES = 4_096;

/** Writes frames; what the ring has no room for waits, up to a limit. */
export class FrameSender {
  readonly #ring: RingProducer;
  readonly #waiting: FrameQueue;
  #scratch = Buffer.alloc(FIRST_SCRATCH_BYTES);

  constructor(ring: RingProducer, maxWaitingBytes: number) {
    this.#ring = ring;
    this.#waiting = new FrameQueue(maxWaitingBytes);
  }

  /** The reader claims to be where it can't be. */
  get isDamaged(): boolean {
    return this.#ring.isDamaged;
  }

  /** The longest frame that the ring has room for. */
  get maxFrameBytes(): number {
    return this.#ring.capacity * SLOT_BYTES;
  }

  /** What the ring had no room for. */
  get waitingBytes(): number {
    return this.#waiting.sizeBytes;
  }

  /** False, and nothing is sent, if too much waits for the reader already. */
  send(
    kind: number,
    id: number,
    subject: string,
    reply: string,
    payload: Uint8Array = NOTHING,
  ): boolean {
    const slots = this.#encode(kind, id, subject, reply, payload);
    if (this.#waiting.sizeBytes === 0 && this.#ring.offer(this.#scratch, slots)) {
      this.#ring.publish();
      return true;
    }
    return this.#waiting.push(this.#scratch, slots);
  }

  /** Moves what waits into the ring, as far as there is room; returns how many frames. */
  flush(): number {
    if (this.#waiting.sizeBytes === 0) return 0;
    const moved = this.#waiting.moveTo(this.#ring);
    if (moved > 0) this.#ring.publish();
    return moved;
  }

  /** @returns slots */
  #encode(kind: number, id: number, subject: string, reply: string, payload: Uint8Array): number {
    const mostBytes =
      FRAME_HEADER_BYTES + 3 * (subject.length + reply.length) + payload.byteLength + SLOT_BYTES;
    if (this.#scratch.byteLength < mostBytes) {
      this.#scratch = Buffer.alloc(2 ** Math.ceil(Math.log2(mostBytes)));
    }
    const scratch = this.#scratch;
    const subjectBytes = scratch.write(subject, FRAME_HEADER_BYTES);
    const replyBytes = reply === '' ? 0 : scratch.write(reply, FRAME_HEADER_BYTES + subjectBytes);
    const names = subjectBytes + replyBytes;
    scratch.set(payload, FRAME_HEADER_BYTES + names);
    const body = names + payload.byteLength;
    scratch.writeUInt32LE(body, FrameOffset.BODY);
    scratch.writeUInt32LE(kind, FrameOffset.KIND);
    scratch.writeUInt16LE(subjectBytes, FrameOffset.SUBJECT);
    scratch.writeUInt32LE(replyBytes, FrameOffset.REPLY);
    scratch.writeUInt32LE(id, FrameOffset.ID);
    return slotsOf(body);
  }
}

export interface ReceiverLimits {
  /** Of a frame, and of one pass. */
  readonly maxSlots: number;
  /** After which a pass ends, with the frame that it is at, ms; none by default. */
  readonly budgetMs?: number;
}

/**
 * Reads frames from a writer that isn't trusted: what it wrote is copied out once, and only the
 * copy is looked at, because the writer may change its words at any time.
 */
export class FrameReceiver {
  readonly #ring: RingConsumer;
  readonly #maxSlots: number;
  readonly #budgetMs: number;
  readonly #scratch: Buffer;
  readonly #payloads = new Slab();

  constructor(
    ring: RingConsumer,
    { maxSlots, budgetMs = Number.POSITIVE_INFINITY }: ReceiverLimits,
  ) {
    this.#ring = ring;
    this.#budgetMs = budgetMs;
    this.#maxSlots = Math.min(maxSlots, ring.capacity);
    this.#scratch = Buffer.alloc(this.#maxSlots * SLOT_BYTES);
  }

  /**
   * Hands over the frames that are there, one pass full. `take` returns false for one that makes no
   * sense to it.
   * @returns how many frames, or why they are none
   */
  receive(take: (frame: Frame) => boolean): number | string {
    const slots = Math.min(this.#ring.available(), this.#maxSlots);
    if (this.#ring.isDamaged) return 'its position in the ring is one that it cannot have';
    if (slots === 0) return 0;
    this.#ring.read(this.#scratch, slots);
    const endMs = performance.now() + this.#budgetMs;
    let frames = 0;
    let next = 0;
    while (next < slots && frames < MAX_FRAMES) {
      if (frames > 0 && performance.now() >= endMs) break;
      const frameSlots = this.#slotsAt(next);
      if (frameSlots === undefined) return 'a frame whose lengths contradict each other';
      if (next + frameSlots > slots) break;
      const frame = this.#frameAt(next * SLOT_BYTES);
      next += frameSlots;
      frames += 1;
      if (!take(frame)) return 'a frame that no proper client sends';
    }
    // Frames are published whole: the rest of one is there, unless it was too long for a pass.
    if (frames === 0) return 'a frame that is longer than what was written, or than it may be';
    this.#ring.release(next);
    return frames;
  }

  #slotsAt(slot: number): number | undefined {
    const at = slot * SLOT_BYTES;
    const body = this.#scratch.readUInt32LE(at + FrameOffset.BODY);
    const subject = this.#scratch.readUInt16LE(at + FrameOffset.SUBJECT);
    const reply = this.#scratch.readUInt16LE(at + FrameOffset.REPLY);
    if (subject > MAX_SUBJECT_BYTES || reply > MAX_SUBJECT_BYTES) return undefined;
    if (subject + reply > body) return undefined;
    return slotsOf(body);
  }

  #frameAt(at: number): Frame {
    const scratch = this.#scratch;
    const subjectAt = at + FRAME_HEADER_BYTES;
    const replyAt = subjectAt + scratch.readUInt16LE(at + FrameOffset.SUBJECT);
    const payloadAt = replyAt + scratch.readUInt16LE(at + FrameOffset.REPLY);
    const end = subjectAt + scratch.readUInt32LE(at + FrameOffset.BODY);
    return {
      kind: scratch.readUInt8(at + FrameOffset.KIND),
      id: scratch.readUInt32LE(at + FrameOffset.ID),
      subject: scratch.toString('utf8', subjectAt, replyAt),
      reply: replyAt === payloadAt ? '' : scratch.toString('utf8', replyAt, payloadAt),
      payload: this.#payloads.copy(scratch, payloadAt, end),
    };
  }
}

const slotsOf = (bodyBytes: number) => Math.ceil((FRAME_HEADER_BYTES + bodyBytes) / SLOT_BYTES);
