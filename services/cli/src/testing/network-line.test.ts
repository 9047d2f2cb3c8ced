import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { NetworkLine } from './network-line.ts';
import { until } from './until.ts';

/** As many numbers as some pieces of the line hold, from `first` on. */
const NUMBERS = 5_000;
/** Much longer than the line needs to take what it is given. */
const DELAY_MS = 250;

function numbersFrom(first: number): Buffer {
  const bytes = Buffer.alloc(4 * NUMBERS);
  for (let at = 0; at < NUMBERS; at += 1) bytes.writeUInt32LE(first + at, 4 * at);
  return bytes;
}

interface Ends {
  readonly line: NetworkLine;
  readonly sender: Socket;
  /** All that has arrived. */
  readonly arrived: () => Buffer;
}

async function withLine(use: (ends: Ends) => Promise<void>): Promise<void> {
  const pieces: Buffer[] = [];
  const sink = createServer((socket) => socket.on('data', (bytes) => pieces.push(bytes)));
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const line = await NetworkLine.open((sink.address() as AddressInfo).port);
  const sender = connect(line.port, '127.0.0.1');
  try {
    await once(sender, 'connect');
    await use({ line, sender, arrived: () => Buffer.concat(pieces) });
  } finally {
    sender.destroy();
    line.close();
    sink.close();
  }
}

describe('NetworkLine', () => {
  it('what is sent once the line is fast again arrives behind what is still on its way', () =>
    withLine(async ({ line, sender, arrived }) => {
      const sent = [0, 1, 2, 3].map((round) => numbersFrom(round * NUMBERS));
      for (const [round, bytes] of sent.entries()) {
        line.be(round % 2 === 0 ? { delayMs: DELAY_MS } : {});
        sender.write(bytes);
        await until(() => line.takenBytes === (round + 1) * bytes.byteLength);
      }
      const all = Buffer.concat(sent);
      await until(() => arrived().byteLength >= all.byteLength);
      assert.ok(arrived().equals(all));
    }));

  it('nothing arrives while it is silent, and all of it afterwards', () =>
    withLine(({ line, sender, arrived }) =>
      // What leaves later on a line as slow, and arrives there, would have arrived here.
      withLine(async (other) => {
        for (const each of [line, other.line]) each.be({ delayMs: DELAY_MS });
        sender.write(numbersFrom(0));
        await until(() => line.takenBytes > 0);
        line.silence();
        const before = arrived().byteLength;
        sender.write(numbersFrom(NUMBERS));
        other.sender.write(numbersFrom(0));
        await until(() => other.arrived().byteLength === 4 * NUMBERS);
        assert.equal(arrived().byteLength, before);
        line.speak();
        await until(() => arrived().byteLength >= 8 * NUMBERS);
        assert.ok(arrived().equals(Buffer.concat([numbersFrom(0), numbersFrom(NUMBERS)])));
      }),
    ));

  it('a piece never overtakes another while the process is held up', () =>
    withLine(async ({ line, sender, arrived }) => {
      line.be({ delayMs: 5, bytesPerSec: 4_000_000 });
      const sent = Array.from({ length: 20 }, (_, round) => numbersFrom(round * NUMBERS));
      for (const bytes of sent) {
        sender.write(bytes);
        const busyUntilMs = performance.now() + 8;
        while (performance.now() < busyUntilMs);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const all = Buffer.concat(sent);
      await until(() => arrived().byteLength >= all.byteLength);
      assert.ok(arrived().equals(all));
    }));
});
