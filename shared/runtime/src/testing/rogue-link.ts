/** A client of shared memory that keeps to no rule: it attaches, and then writes what it likes. */
import { readFileSync } from 'node:fs';
import { FrameSender } from '../frame.ts';
import { MappedMemory } from '../mapped-memory.ts';
import { isAlive, ownIdentity } from '../process-identity.ts';
import { RingProducer } from '../ring.ts';
import { WORD_BYTES } from '../ring-descriptor.ts';
import {
  ClientState,
  ControlOffset,
  connectionBytes,
  type FrameKind,
  type Handshake,
  MarketState,
  ringToClient,
  ringToMarket,
} from '../shared-memory-layout.ts';

const WAITING_BYTES = 2 ** 20;

export class RogueLink {
  /** All the memory there is. */
  readonly words: Int32Array;
  readonly #path: string;
  /** Of no other connection. */
  readonly #nonce: string;
  readonly #memory: MappedMemory;
  readonly #sender: FrameSender;
  /** First word and count of: all, the control words, each ring's positions and first slots. */
  readonly #spans: readonly (readonly [number, number])[];

  private constructor(path: string, memory: MappedMemory, { nonce, slots }: Handshake) {
    this.#path = path;
    this.#nonce = nonce;
    this.words = new Int32Array(memory.buffer);
    this.#memory = memory;
    const toMarket = ringToMarket(memory.buffer, slots);
    this.#sender = new FrameSender(new RingProducer(toMarket), WAITING_BYTES);
    const toClient = ringToClient(memory.buffer, slots);
    const starts = [0, toMarket.offset, toClient.offset].map((offset) => offset / WORD_BYTES);
    this.#spans = [[0, this.words.length], ...starts.map((start) => [start, 160] as const)];
  }

  /** Undefined while there is nothing to attach to. Asks nobody whether another is attached. */
  static attach(path: string): RogueLink | undefined {
    let memory: MappedMemory;
    let handshake: Handshake;
    try {
      handshake = JSON.parse(readFileSync(path, 'utf8'));
      if (!isAlive(handshake)) return undefined;
      memory = MappedMemory.open(
        handshake.pid,
        handshake.descriptor,
        connectionBytes(handshake.slots),
      );
    } catch {
      return undefined;
    }
    const words = new Int32Array(memory.buffer);
    if (words[ControlOffset.CLIENT_STATE / WORD_BYTES] !== ClientState.FREE) {
      memory.close();
      return undefined;
    }
    const { pid, started } = ownIdentity();
    words[ControlOffset.CLIENT_PID / WORD_BYTES] = pid;
    words[ControlOffset.CLIENT_STARTED / WORD_BYTES] = Number(BigInt(started) & 0xffff_ffffn);
    const link = new RogueLink(path, memory, handshake);
    link.store(ControlOffset.CLIENT_STATE, ClientState.ATTACHED);
    return link;
  }

  /** At a byte offset of the memory. */
  store(offset: number, value: number): void {
    Atomics.store(this.words, offset / WORD_BYTES, value);
  }

  /** The market has ended this connection, or the whole of itself. */
  isOver(): boolean {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')).nonce !== this.#nonce;
    } catch {
      return true;
    }
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

  close(): void {
    this.#memory.close();
  }
}
