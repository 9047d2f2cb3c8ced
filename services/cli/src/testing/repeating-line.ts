/**
 * A line to a broker that understands the protocol, and gives messages on twice, late, and in
 * another order: what a network, a bridge or a client that tries again may do. What belongs to the
 * connection itself goes straight through.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Dice } from '@foldbook/engine';

/** Behind how many others a copy may come, and how late where no others come. */
const MOST_LATE = 40;
const LATEST_MS = 200;
const LINE_END = Buffer.from('\r\n');
/** The last word of their first line is the length of what follows it. */
const WITH_PAYLOAD = /^(PUB|HPUB|MSG|HMSG) (\S+) .*?(\d+)$/;

export class RepeatingLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #dice: Dice;
  readonly #isMeant: (subject: string) => boolean;
  /** Copies that were given on beside what was sent. */
  copies = 0;
  /** Messages that came behind one that was sent after them. */
  overtaken = 0;

  private constructor(server: Server, dice: Dice, isMeant: (subject: string) => boolean) {
    this.#server = server;
    this.#dice = dice;
    this.#isMeant = isMeant;
  }

  /** `isMeant`: the messages that it does not leave alone, by their subjects. */
  static async open(
    port: number,
    dice: Dice,
    isMeant: (subject: string) => boolean,
  ): Promise<RepeatingLine> {
    const server = createServer();
    const line = new RepeatingLine(server, dice, isMeant);
    server.on('connection', (near) => line.#join(near, connect(port, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return line;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, far: Socket): void {
    this.#pass(near, far, true);
    this.#pass(far, near, false);
  }

  #pass(from: Socket, to: Socket, isToBroker: boolean): void {
    this.#sockets.add(from);
    let rest: Buffer = Buffer.alloc(0);
    const late = new Set<{ inMessages: number; readonly frame: Buffer }>();
    const giveDue = () => {
      for (const each of late) {
        if (each.inMessages > 0) continue;
        late.delete(each);
        if (!to.destroyed) to.write(each.frame);
      }
    };
    const giveLater = (frame: Buffer) => {
      const each = { inMessages: 1 + this.#dice.below(MOST_LATE), frame };
      late.add(each);
      setTimeout(() => {
        each.inMessages = 0;
        giveDue();
      }, LATEST_MS);
    };
    const give = (frame: Buffer, subject: string | undefined) => {
      if (subject === undefined || !this.#isMeant(subject)) {
        to.write(frame);
        return;
      }
      const chance = this.#dice.below(4);
      // A broker gives on what it has in the order that it came in; a copy may come at any time.
      const isOvertaken = chance === 0 && !isToBroker;
      if (isOvertaken) this.overtaken += 1;
      else to.write(frame);
      if (chance === 1) to.write(frame);
      if (isOvertaken || chance === 2) giveLater(frame);
      if (chance === 1 || chance === 2) this.copies += 1;
      for (const each of late) each.inMessages -= 1;
      giveDue();
    };
    from.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (;;) {
        const frame = firstFrame(rest);
        if (frame === undefined) return;
        // What came goes on to be filled; a copy must not change with it.
        give(Buffer.from(rest.subarray(0, frame.bytes)), frame.subject);
        rest = rest.subarray(frame.bytes);
      }
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

/** Undefined while it is not whole. */
function firstFrame(bytes: Buffer): { bytes: number; subject: string | undefined } | undefined {
  const end = bytes.indexOf(LINE_END);
  if (end < 0) return undefined;
  const line = bytes.toString('latin1', 0, end);
  const [, , subject, length] = WITH_PAYLOAD.exec(line) ?? [];
  const payload = subject === undefined ? 0 : Number(length) + LINE_END.byteLength;
  const whole = end + LINE_END.byteLength + payload;
  return bytes.byteLength < whole ? undefined : { bytes: whole, subject };
}
