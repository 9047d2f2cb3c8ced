/** A client of shared memory that keeps to no rule: it comes in, and then writes what it likes. */
import { setImmediate as turn } from 'node:timers/promises';
import { isStirred } from '../descriptor-watch.ts';
import { FrameSender } from '../frame.ts';
import { RingProducer } from '../ring.ts';
import { WORD_BYTES } from '../ring-descriptor.ts';
import { Entrance } from '../shared-memory-entrance.ts';
import { SharedMemoryError } from '../shared-memory-error.ts';
import type { Offered } from '../shared-memory-knock.ts';
import {
  ControlOffset,
  type FrameKind,
  MarketState,
  ringToClient,
  ringToMarket,
} from '../shared-memory-layout.ts';

const WAITING_BYTES = 2 ** 20;

export class RogueLink {
  /** All the memory there is. */
  readonly words: Int32Array;
  readonly #offered: Offered;
  readonly #sender: FrameSender;
  /** First word and count of: all, the control words, each ring's positions and first slots. */
  readonly #spans: readonly (readonly [number, number])[];

  constructor(offered: Offered) {
    const { memory, handshake } = offered;
    this.#offered = offered;
    this.words = new Int32Array(memory.buffer);
    const toMarket = ringToMarket(memory.buffer, handshake.slots);
    this.#sender = new FrameSender(new RingProducer(toMarket), WAITING_BYTES);
    const toClient = ringToClient(memory.buffer, handshake.slots);
    const starts = [0, toMarket.offset, toClient.offset].map((offset) => offset / WORD_BYTES);
    this.#spans = [[0, this.words.length], ...starts.map((start) => [start, 160] as const)];
  }

  /** Comes in as soon as the market lets it. */
  static async attach(path: string): Promise<RogueLink> {
    const entrance = new Entrance({ path });
    for (;;) {
      try {
        const offered = entrance.tryOnce();
        if (offered !== undefined) return new RogueLink(offered);
      } catch (error) {
        if (!(error instanceof SharedMemoryError)) throw error;
      }
      await turn();
    }
  }

  /** At a byte offset of the memory. */
  store(offset: number, value: number): void {
    Atomics.store(this.words, offset / WORD_BYTES, value);
  }

  /** The market has ended this connection, or the whole of itself. */
  isOver(): boolean {
    return isStirred(this.#offered.socket.descriptor);
  }

  /** What the market wrote of the connection, if nobody wrote over it. */
  isCalledSlow(): boolean {
    const state = Atomics.load(this.words, ControlOffset.MARKET_STATE / WORD_BYTES);
    return state === MarketState.CLIENT_SLOW;
  }

  /** A frame as a proper client sends it. */
  send(
    kind: (typeof FrameKind)[keyof typeof FrameKind],
    id: number,
    subject: string,
    reply = '',
    payload?: Uint8Array,
  ): boolean {
    this.#sender.flush();
    return this.#sender.send(kind, id, subject, reply, payload);
  }

  /** Overwrites one word: any, but more often one of those where it hurts, and by little. */
  scribble(random: () => number): void {
    const [first, count] = this.#spans[random() % this.#spans.length] ?? [0, this.words.length];
    const index = first + (random() % count);
    const word = Atomics.load(this.words, index);
    const change = random() % 3;
    const near = word + (random() % 9) - 4;
    Atomics.store(this.words, index, change === 0 ? random() : change === 1 ? near : ~word);
  }

  /** Hangs up and keeps the memory. */
  hangUp(): void {
    this.#offered.socket.close();
  }

  /** After `hangUp`, or in one. */
  drop(): void {
    this.#offered.memory.close();
  }

  close(): void {
    this.hangUp();
    this.drop();
  }
}
