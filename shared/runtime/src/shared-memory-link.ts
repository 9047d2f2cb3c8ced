/** A client's end of a connection over shared memory, until either side ends it. */
import { isStirred } from './descriptor-watch.ts';
import { type Frame, FrameReceiver, FrameSender } from './frame.ts';
import type { LocalSocket } from './local-socket.ts';
import type { MappedMemory } from './mapped-memory.ts';
import { RingConsumer, RingProducer } from './ring.ts';
import { WORD_BYTES } from './ring-descriptor.ts';
import type { Offered } from './shared-memory-knock.ts';
import {
  ClientState,
  ControlOffset,
  type FrameKind,
  MarketState,
  ringToClient,
  ringToMarket,
} from './shared-memory-layout.ts';

const MARKET_STATE = ControlOffset.MARKET_STATE / WORD_BYTES;
const CLIENT_STATE = ControlOffset.CLIENT_STATE / WORD_BYTES;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export class SharedMemoryLink {
  /** The longest frame that the market takes. */
  readonly maxFrameBytes: number;
  readonly #socket: LocalSocket;
  readonly #memory: MappedMemory;
  readonly #words: Int32Array;
  readonly #sender: FrameSender;
  readonly #receiver: FrameReceiver;

  constructor({ socket, memory, handshake }: Offered) {
    const { slots } = handshake;
    this.#socket = socket;
    this.#memory = memory;
    this.#words = new Int32Array(memory.buffer, 0, 1_024);
    const toMarket = new RingProducer(ringToMarket(memory.buffer, slots));
    this.#sender = new FrameSender(toMarket, MAX_WAITING_BYTES);
    const toClient = new RingConsumer(ringToClient(memory.buffer, slots));
    this.#receiver = new FrameReceiver(toClient, { maxSlots: slots });
    this.maxFrameBytes = Math.min(handshake.maxFrameBytes, this.#sender.maxFrameBytes);
  }

  /** The market's process, as the system says. */
  get marketPid(): number {
    return this.#socket.peer.pid;
  }

  /** False if too much waits for the market already. */
  send(
    kind: (typeof FrameKind)[keyof typeof FrameKind],
    id: number,
    subject = '',
    reply = '',
    payload?: Uint8Array,
  ): boolean {
    return this.#sender.send(kind, id, subject, reply, payload);
  }

  /** Takes what came and sends what waits; returns how much that was, or why the link has ended. */
  poll(take: (frame: Frame) => void): number | string {
    const received = this.#receiver.receive((frame) => {
      take(frame);
      return true;
    });
    if (typeof received === 'string') return `the market wrote ${received}`;
    const work = received + this.#sender.flush();
    if (work > 0) return work;
    const state = Atomics.load(this.#words, MARKET_STATE);
    return state === MarketState.SERVING ? 0 : endWords(state);
  }

  /** The market's process has ended, or closed its end: nothing more will come. */
  isHungUp(): boolean {
    return isStirred(this.#socket.descriptor);
  }

  /** Once. */
  close(): void {
    Atomics.store(this.#words, CLIENT_STATE, ClientState.CLOSED);
    this.#memory.close();
    this.#socket.close();
  }
}

function endWords(state: number): string {
  switch (state) {
    case MarketState.CLIENT_SLOW:
      return 'the market ended the connection: what it sent was not read in time';
    case MarketState.CLIENT_BROKEN:
      return 'the market ended the connection: what it read made no sense';
    default:
      return 'the market stopped';
  }
}
