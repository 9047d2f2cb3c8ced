/** A line to a server that is late, narrow, silent or cut, as a network between hosts may be. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface LineState {
  /** What each piece takes to the other end, ms. */
  readonly delayMs: number;
  /** How much goes through in each direction. */
  readonly bytesPerSec: number;
}

const WHOLE: LineState = { delayMs: 0, bytesPerSec: Number.POSITIVE_INFINITY };
/** Of what is read at a time where the line is narrow. */
const PIECE_BYTES = 4_096;

interface Piece {
  readonly bytes: Buffer;
  readonly arrivesMs: number;
}

interface Direction {
  readonly from: Socket;
  readonly to: Socket;
  /** When what was sent so far has gone through. */
  freeMs: number;
  /** In the order they were sent, which is that in which they arrive. */
  readonly onTheWay: Piece[];
  timer: NodeJS.Timeout | undefined;
}

export class NetworkLine {
  readonly #server: Server;
  readonly #directions = new Set<Direction>();
  #state = WHOLE;
  #isSilent = false;
  #takenBytes = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number): Promise<NetworkLine> {
    const server = createServer();
    const line = new NetworkLine(server);
    server.on('connection', (near) => line.#join(near, connect(port, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** What it was given so far, of both sides. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** From now on it is so slow; without anything, as fast as it goes. */
  be(state: Partial<LineState>): void {
    this.#state = { ...WHOLE, ...state };
  }

  /** Nothing comes through, and nobody is told. */
  silence(): void {
    this.#isSilent = true;
    for (const { from, timer } of this.#directions) {
      from.pause();
      clearTimeout(timer);
    }
  }

  speak(): void {
    this.#isSilent = false;
    for (const direction of this.#directions) {
      this.#deliver(direction);
      direction.from.resume();
    }
  }

  /** Connections break; new ones may be made. */
  cut(): void {
    for (const { from } of this.#directions) from.destroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const direction: Direction = { from, to, freeMs: 0, onTheWay: [], timer: undefined };
      this.#directions.add(direction);
      from.setNoDelay();
      from.on('data', (bytes) => this.#pass(direction, bytes));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#directions.delete(direction);
        clearTimeout(direction.timer);
        to.destroy();
      });
      if (this.#isSilent) from.pause();
    }
  }

  #pass(direction: Direction, bytes: Buffer): void {
    const { delayMs, bytesPerSec } = this.#state;
    const { from, onTheWay } = direction;
    const nowMs = performance.now();
    this.#takenBytes += bytes.byteLength;
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      const goesMs = Math.max(nowMs, direction.freeMs);
      direction.freeMs = goesMs + (1_000 * piece.byteLength) / bytesPerSec;
      onTheWay.push({ bytes: piece, arrivesMs: direction.freeMs + delayMs });
    }
    this.#deliver(direction);
    if (bytesPerSec === WHOLE.bytesPerSec) return;
    // What does not go through fills the sender's buffers, and then the sender knows.
    from.pause();
    setTimeout(() => this.#isSilent || from.resume(), direction.freeMs - nowMs);
  }

  /** What has arrived, and a timer for what has not. A piece never overtakes another. */
  #deliver(direction: Direction): void {
    const { to, onTheWay } = direction;
    clearTimeout(direction.timer);
    if (this.#isSilent) return;
    const nowMs = performance.now();
    const late = onTheWay.findIndex(({ arrivesMs }) => arrivesMs > nowMs);
    for (const { bytes } of onTheWay.splice(0, late < 0 ? onTheWay.length : late)) {
      if (!to.destroyed) to.write(bytes);
    }
    const [next] = onTheWay;
    if (next === undefined) return;
    direction.timer = setTimeout(() => this.#deliver(direction), next.arrivesMs - nowMs);
  }
}
