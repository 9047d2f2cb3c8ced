/** The market's side of shared memory with a clock that a test moves, and its clients' sides. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { platform } from 'node:process';
import type { TestContext } from 'node:test';
import type { Frame } from '../frame.ts';
import { SLOT_BYTES } from '../ring-descriptor.ts';
import { type SharedAccount, socketPath } from '../shared-memory-door.ts';
import { SharedMemoryHost } from '../shared-memory-host.ts';
import { Knock, type Offered } from '../shared-memory-knock.ts';
import { FrameKind } from '../shared-memory-layout.ts';
import { SharedMemoryLink } from '../shared-memory-link.ts';
import { RogueLink } from './rogue-link.ts';

export const LINUX = {
  skip: platform === 'linux' ? false : 'memory is shared on Linux only',
};
export const SLOTS = 64;
export const MAX_FRAME_BYTES = 32 * SLOT_BYTES;
const LATER_MS = 10_000;
/** Time for a look. */
export const SOON_MS = 20;

export const bytes = (text: string) => new TextEncoder().encode(text);

export function ownFolder(test: TestContext): string {
  const folder = mkdtempSync('/dev/shm/foldbook-test-');
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A host that sends every publication back, and a clock that the test moves. */
export class Fixture {
  readonly folder: string;
  readonly ends: string[] = [];
  readonly turnedAway: string[] = [];
  readonly host: SharedMemoryHost;
  #nowMs = 0;

  constructor(
    test: TestContext,
    folder = ownFolder(test),
    accounts: readonly SharedAccount[] = [{ account: 7 }, { account: 8 }],
  ) {
    this.folder = folder;
    const options = {
      folder,
      accounts,
      maxFrameBytes: MAX_FRAME_BYTES,
      ringSlots: SLOTS,
      maxWaitingBytes: 8_192,
      budgetMs: Number.POSITIVE_INFINITY,
      nowMs: () => this.#nowMs,
    };
    this.host = new SharedMemoryHost(options, {
      onOpen: () => undefined,
      onFrame: (connection, { kind, id, subject, reply, payload }: Frame) => {
        if (kind !== FrameKind.PUBLISH) return false;
        connection.send(FrameKind.DELIVER, id, subject, reply, payload);
        return true;
      },
      onEnd: ({ account }, _, reason) => this.ends.push(`${account}: ${reason}`),
      onTurnedAway: ({ account, kind }) => this.turnedAway.push(`${account}: ${kind}`),
      onTrouble: (account, reason) => assert.fail(`${account}: ${reason}`),
    });
    test.after(() => this.host.close());
  }

  path(account: number): string {
    return socketPath(this.folder, account);
  }

  /** Time for what is done now and then. */
  later(ms = LATER_MS): void {
    this.#nowMs += ms;
    this.host.poll();
  }

  /** What the market hands over, or throws at whoever knocks. */
  offered(account: number): Offered {
    const knock = Knock.at(this.path(account));
    for (let looks = 0; looks < 3; looks += 1) {
      this.later();
      const offered = knock.poll();
      if (offered !== undefined) return offered;
    }
    return assert.fail('the market lets nobody in');
  }

  link(account: number): SharedMemoryLink {
    return new SharedMemoryLink(this.offered(account));
  }

  rogue(): RogueLink {
    return new RogueLink(this.offered(7));
  }
}

/** A client that keeps to the rules: what it sends comes back. */
export function echo(fixture: Fixture, link: SharedMemoryLink, id: number): void {
  const payload = bytes(`number ${id}`);
  assert(link.send(FrameKind.PUBLISH, id, 'a.b', '_INBOX.c', payload));
  fixture.host.poll();
  const frames: Frame[] = [];
  assert.equal(
    link.poll((frame) => frames.push(frame)),
    1,
  );
  const kind = FrameKind.DELIVER;
  assert.deepEqual(frames, [{ kind, id, subject: 'a.b', reply: '_INBOX.c', payload }]);
}
