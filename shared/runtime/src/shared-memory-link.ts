/** A client's end of a connection over shared memory: attached once, until either side ends it. */
import { readFileSync } from 'node:fs';
import { type Frame, FrameReceiver, FrameSender } from './frame.ts';
import { MappedMemory, SharedMemoryError } from './mapped-memory.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { RingConsumer, RingProducer } from './ring.ts';
import { isCapacity, WORD_BYTES } from './ring-descriptor.ts';
import {
  ClientState,
  CONTROL_MAGIC,
  ControlOffset,
  connectionBytes,
  type FrameKind,
  type Handshake,
  LAYOUT_HASH,
  MarketState,
  ringToClient,
  ringToMarket,
  SHARED_MEMORY_VERSION,
} from './shared-memory-layout.ts';

const MARKET_STATE = ControlOffset.MARKET_STATE / WORD_BYTES;
const CLIENT_STATE = ControlOffset.CLIENT_STATE / WORD_BYTES;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export class SharedMemoryLink {
  readonly market: ProcessIdentity;
  readonly #memory: MappedMemory;
  readonly #words: Int32Array;
  readonly #sender: FrameSender;
  readonly #receiver: FrameReceiver;

  private constructor(memory: MappedMemory, words: Int32Array, handshake: Handshake) {
    const { slots, pid, started } = handshake;
    this.market = { pid, started };
    this.#memory = memory;
    this.#words = words;
    const toMarket = new RingProducer(ringToMarket(memory.buffer, slots));
    this.#sender = new FrameSender(toMarket, MAX_WAITING_BYTES);
    const toClient = new RingConsumer(ringToClient(memory.buffer, slots));
    this.#receiver = new FrameReceiver(toClient, slots);
  }

  /**
   * Attaches to what the handshake file at `path` leads to. The caller has made sure that no other
   * client of this host does so too.
   * @throws SharedMemoryError NO_OWNER (now, perhaps not later), BAD_LAYOUT, REFUSED, UNSUPPORTED
   */
  static attach(path: string): SharedMemoryLink {
    const handshake = readHandshake(path);
    const { pid, descriptor, slots, nonce } = handshake;
    if (!isAlive(handshake)) {
      throw new SharedMemoryError('NO_OWNER', `the market of ${path} (process ${pid}) has ended`);
    }
    const memory = MappedMemory.open(pid, descriptor, connectionBytes(slots));
    try {
      const words = new Int32Array(memory.buffer, 0, 1_024);
      const written = Buffer.from(memory.buffer, ControlOffset.NONCE, 8).toString('hex');
      const magic = Atomics.load(words, ControlOffset.MAGIC / WORD_BYTES);
      const isOffer =
        magic === CONTROL_MAGIC &&
        (words[ControlOffset.LAYOUT / WORD_BYTES] ?? 0) >>> 0 === LAYOUT_HASH &&
        words[ControlOffset.SLOTS / WORD_BYTES] === slots &&
        written === nonce;
      if (!isOffer || Atomics.load(words, MARKET_STATE) !== MarketState.SERVING) throw taken(path);
      writeIdentity(words);
      const before = Atomics.compareExchange(
        words,
        CLIENT_STATE,
        ClientState.FREE,
        ClientState.ATTACHED,
      );
      if (before !== ClientState.FREE) throw taken(path);
      return new SharedMemoryLink(memory, words, handshake);
    } catch (error) {
      memory.close();
      throw error;
    }
  }

  get maxPayloadBytes(): number {
    return this.#sender.maxPayloadBytes;
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

  /** Once. */
  close(): void {
    Atomics.store(this.#words, CLIENT_STATE, ClientState.CLOSED);
    this.#memory.close();
  }
}

function readHandshake(path: string): Handshake {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      throw new SharedMemoryError('REFUSED', `${path} can't be read: ${code}`, { cause: error });
    }
    const mend = 'is the market running, with this account under "sharedMemory"?';
    throw new SharedMemoryError('NO_OWNER', `no market offers ${path}; ${mend}`);
  }
  const handshake = parseHandshake(text);
  if (handshake !== undefined) return handshake;
  const mend = 'run the client and the market from one version of Foldbook';
  throw new SharedMemoryError('BAD_LAYOUT', `${path} is of another version; ${mend}`);
}

function parseHandshake(text: string): Handshake | undefined {
  let value: Partial<Record<keyof Handshake, unknown>>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { version, layout, pid, started, descriptor, slots, nonce } = value ?? {};
  if (version !== SHARED_MEMORY_VERSION || layout !== LAYOUT_HASH) return undefined;
  const isWhole =
    Number.isInteger(pid) &&
    Number.isInteger(descriptor) &&
    isCapacity(Number(slots)) &&
    typeof started === 'string' &&
    typeof nonce === 'string';
  return isWhole ? (value as Handshake) : undefined;
}

/** The market has not yet noticed that the client before has ended, or is about to offer anew. */
function taken(path: string): SharedMemoryError {
  return new SharedMemoryError('NO_OWNER', `the market does not offer ${path} again yet`);
}

function writeIdentity(words: Int32Array): void {
  const { pid, started } = ownIdentity();
  const ticks = BigInt(started);
  words[ControlOffset.CLIENT_PID / WORD_BYTES] = pid;
  words[ControlOffset.CLIENT_STARTED / WORD_BYTES] = Number(ticks & 0xffff_ffffn);
  words[ControlOffset.CLIENT_STARTED / WORD_BYTES + 1] = Number(ticks >> 32n);
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
