/** The market's side of shared memory and a client's, in one process and in lock step. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { getuid, pid as ownPid, platform } from 'node:process';
import { describe, it, type TestContext } from 'node:test';
import type { Frame } from './frame.ts';
import { LocalListener } from './local-socket.ts';
import { MappedMemory } from './mapped-memory.ts';
import { ownIdentity } from './process-identity.ts';
import { RingOffset, SLOT_BYTES } from './ring-descriptor.ts';
import { type SharedAccount, socketPath } from './shared-memory-door.ts';
import { Entrance } from './shared-memory-entrance.ts';
import { encodeHandshake, HandshakeKind } from './shared-memory-handshake.ts';
import { SharedMemoryHost } from './shared-memory-host.ts';
import { Knock, type Offered } from './shared-memory-knock.ts';
import {
  ClientState,
  ControlOffset,
  connectionBytes,
  FrameKind,
  FrameOffset,
  ringToClient,
  ringToMarket,
} from './shared-memory-layout.ts';
import { SharedMemoryLink } from './shared-memory-link.ts';
import { connectSharedMemory } from './shared-memory-transport.ts';
import { randomWords } from './testing/random-words.ts';
import { RogueLink } from './testing/rogue-link.ts';

const LINUX = { skip: platform === 'linux' ? false : 'memory is shared on Linux only' };
const SLOTS = 64;
const MAX_FRAME_BYTES = 32 * SLOT_BYTES;
const LATER_MS = 10_000;
/** Time for a look. */
const SOON_MS = 20;
const bytes = (text: string) => new TextEncoder().encode(text);

function ownFolder(test: TestContext): string {
  const folder = mkdtempSync('/dev/shm/foldbook-test-');
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A host that sends every publication back, and a clock that the test moves. */
class Fixture {
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
function echo(fixture: Fixture, link: SharedMemoryLink, id: number): void {
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

describe('shared memory: what a client may do', LINUX, () => {
  it('frames of all sizes come back whole, many times around the ring', (test) => {
    const fixture = new Fixture(test);
    const link = fixture.link(7);
    let waited = 0;
    for (let round = 0; round < 2_000; round += 1) {
      const payload = new Uint8Array((round * 37) % (MAX_FRAME_BYTES - 64)).fill(round);
      assert(link.send(FrameKind.PUBLISH, round, 's.ü', '', payload));
      const back: Frame[] = [];
      while (back.length === 0) {
        waited += 1;
        fixture.host.poll();
        const work = link.poll((frame) => back.push(frame));
        assert.equal(typeof work, 'number', String(work));
      }
      assert.deepEqual(back, [
        { kind: FrameKind.DELIVER, id: round, subject: 's.ü', reply: '', payload },
      ]);
    }
    assert.equal(waited, 2_000);
    link.close();
    fixture.later();
    assert.deepEqual(fixture.ends, ['7: it left']);
  });

  it('frames that make no sense end their sender alone', (test) => {
    const fixture = new Fixture(test);
    const proper = fixture.link(8);
    const slots = (rogue: RogueLink) =>
      ringToMarket(rogue.words.buffer as ArrayBuffer, SLOTS).offset;
    const header = (rogue: RogueLink, offset: number, word: number) =>
      rogue.store(slots(rogue) + RingOffset.SLOTS + offset, word);
    const cases: [string, RegExp, (rogue: RogueLink) => void][] = [
      ['a body of 4 GiB', /longer/, (rogue) => header(rogue, FrameOffset.BODY, -1)],
      ['a body beyond what was written', /longer/, (r) => header(r, FrameOffset.BODY, 1_000)],
      ['a body shorter than its subject', /lengths/, (r) => header(r, FrameOffset.BODY, 1)],
      ['a subject of 64 KiB', /lengths/, (rogue) => header(rogue, FrameOffset.KIND, -1)],
      ['an unknown kind', /no proper client/, (rogue) => header(rogue, FrameOffset.KIND, 99)],
      ['a kind of the other way', /no proper client/, (r) => header(r, FrameOffset.KIND, 0x3_0005)],
      ['a position before', /position/, (r) => r.store(slots(r) + RingOffset.PRODUCER, -1)],
      ['a position beyond', /position/, (r) => r.store(slots(r) + RingOffset.PRODUCER, SLOTS + 1)],
    ];
    for (const [what, words, spoil] of cases) {
      const rogue = fixture.rogue();
      rogue.send(FrameKind.PUBLISH, 1, 'a.b', '', bytes('c'));
      spoil(rogue);
      fixture.host.poll();
      assert.match(fixture.ends.pop() ?? '', words, what);
      assert(rogue.isOver());
      rogue.close();
      echo(fixture, proper, 3);
    }
    proper.close();
  });

  it('a client that reads where nothing was written is ended', (test) => {
    const fixture = new Fixture(test);
    const rogue = fixture.rogue();
    const { offset } = ringToClient(rogue.words.buffer as ArrayBuffer, SLOTS);
    rogue.store(offset + RingOffset.CONSUMER, 77);
    // The position is looked at when there seems to be no room.
    for (let i = 0; i < 2 * SLOTS && fixture.ends.length === 0; i += 1) {
      rogue.send(FrameKind.PUBLISH, 1, 'a.b', '', bytes('c'));
      fixture.host.poll();
    }
    assert.deepEqual(fixture.ends, ['7: it reads where nothing was written']);
    rogue.close();
  });

  it('a client that does not read is told so, and others are not kept waiting', (test) => {
    const fixture = new Fixture(test);
    const proper = fixture.link(8);
    const deaf = fixture.link(7);
    let sent = 0;
    while (fixture.ends.length === 0 && sent < 10_000) {
      assert(deaf.send(FrameKind.PUBLISH, 1, 'a.b', '', new Uint8Array(200)));
      sent += 1;
      echo(fixture, proper, sent);
    }
    assert.deepEqual(fixture.ends, ['7: it does not read what it is sent']);
    const seen = [];
    for (let passes = 0; passes < 20 && typeof seen.at(-1) !== 'string'; passes += 1) {
      seen.push(deaf.poll(() => undefined));
    }
    assert.match(String(seen.at(-1)), /was not read in time/);
    deaf.close();
    proper.close();
  });

  it('whoever scribbles over all of it harms nobody else', (test) => {
    const seed = Math.floor(Math.random() * 2 ** 31) + 1;
    test.diagnostic(`seed ${seed}`);
    const random = randomWords(seed);
    const fixture = new Fixture(test);
    const proper = fixture.link(8);
    let words = 0;
    for (let round = 0; round < 400; round += 1) {
      const rogue = fixture.rogue();
      const before = fixture.ends.length;
      for (let pass = 0; pass < 40 && fixture.ends.length === before; pass += 1) {
        const { offset } = ringToMarket(rogue.words.buffer as ArrayBuffer, SLOTS);
        if (random() % 2 === 0) rogue.send(FrameKind.PUBLISH, pass, 'a.b', '', bytes('c'));
        else Atomics.add(rogue.words, (offset + RingOffset.PRODUCER) / 4, random() % 3);
        for (let i = random() % 20; i >= 0; i -= 1) rogue.scribble(random);
        words += 20;
        echo(fixture, proper, pass);
      }
      rogue.store(ControlOffset.CLIENT_STATE, ClientState.CLOSED);
      rogue.hangUp();
      for (let i = 0; i < 3; i += 1) fixture.later();
      rogue.drop();
    }
    const reasons = new Set(fixture.ends.map((end) => end.replace(/\d+/g, 'n')));
    test.diagnostic(`${words} words at most; ends: ${[...reasons].join('; ')}`);
    assert(fixture.ends.every((end) => end.startsWith('7: ')));
    assert(reasons.size >= 3, 'the fuzz is as good as its ways to fail');
    proper.close();
  });
});

describe('shared memory: whose it is', LINUX, () => {
  const refusal = (code: string, message?: RegExp) => ({ code, ...(message && { message }) });

  it('another version, and what is no market, are told apart', (test) => {
    const folder = ownFolder(test);
    const path = socketPath(folder, 7);
    assert.throws(() => Knock.at(path), refusal('NO_OWNER', /is the market running/));
    writeFileSync(path, '');
    assert.throws(() => Knock.at(path), refusal('NO_OWNER', /has ended/));
    const listener = LocalListener.open(path, getuid?.() ?? 0);
    test.after(() => listener.close());
    const kind = HandshakeKind.OFFER;
    const fields = { kind, account: 7, slots: 2, maxFrameBytes: 64, pid: 1, uid: 0, number: 1 };
    const whole = encodeHandshake({ ...fields, memoryBytes: connectionBytes(2) });
    const memory = MappedMemory.create('foldbook-test', connectionBytes(2));
    const answer = (bytes: Uint8Array, descriptor?: number) => {
      const knock = Knock.at(path);
      const socket = listener.accept();
      assert(socket !== undefined);
      assert(socket.send(bytes, descriptor));
      socket.close();
      return () => knock.poll();
    };
    const others = [0, 4, 8, 12, 20, 40].map((at) =>
      whole.map((byte, i) => byte ^ (i === at ? 64 : 0)),
    );
    for (const [at, bytes] of [...others, whole.subarray(1)].entries()) {
      assert.throws(
        answer(bytes, memory.descriptor),
        refusal('BAD_LAYOUT', /one version/),
        `${at}`,
      );
    }
    assert.throws(answer(whole), refusal('BAD_LAYOUT'), 'no memory came along');
    const offered = answer(whole, memory.descriptor)();
    assert.equal(offered?.handshake.slots, 2);
    offered?.memory.close();
    offered?.socket.close();
    memory.close();
    const knock = Knock.at(path);
    listener.accept()?.close();
    assert.throws(() => knock.poll(), refusal('NO_OWNER', /has ended/));
  });

  it('a market that answers nobody is told from none', async (test) => {
    const fixture = new Fixture(test);
    const words = new RegExp(`does not answer on ${fixture.path(7)}`);
    const connecting = connectSharedMemory({ path: fixture.path(7), connectTimeoutMs: 30 });
    await assert.rejects(connecting, refusal('CONNECT_FAILED', words));
  });

  it('a folder that others may change, or that is none, is refused', (test) => {
    const folder = ownFolder(test);
    const open = join(folder, 'open');
    mkdirSync(open, { mode: 0o700 });
    chmodSync(open, 0o770);
    symlinkSync(folder, join(folder, 'link'));
    writeFileSync(join(folder, 'file'), '');
    for (const name of ['open', 'link', 'file']) {
      assert.throws(() => new Fixture(test, join(folder, name)), refusal('REFUSED'), name);
    }
  });

  it('a folder has one living market; that of a killed one is taken over', (test) => {
    const folder = ownFolder(test);
    const dead = { ...ownIdentity(), started: '1' };
    writeFileSync(join(folder, 'owner.lock'), JSON.stringify(dead), { mode: 0o600 });
    for (const account of [7, 9]) writeFileSync(socketPath(folder, account), '', { mode: 0o600 });
    const fixture = new Fixture(test, folder);
    assert(!existsSync(socketPath(folder, 9)), 'an account that is not shared any more');
    assert.throws(() => new Fixture(test, folder), refusal('IN_USE', /is taken: process \d+/));
    fixture.link(7).close();
  });

  it('a folder whose path is too long for a socket is refused, with the limit', (test) => {
    const folder = join(ownFolder(test), 'x'.repeat(80));
    assert.throws(() => new Fixture(test, folder), refusal('REFUSED', /107 bytes at most/));
  });

  it('one client at a time; a place is free again once its client has left', (test) => {
    const fixture = new Fixture(test);
    const first = fixture.link(7);
    const taken = refusal('IN_USE', new RegExp(`is taken: process ${ownPid} has it`));
    assert.throws(() => fixture.link(7), taken);
    assert.deepEqual(fixture.turnedAway, ['7: TAKEN']);
    echo(fixture, first, 1);
    first.close();
    // Without a look in between: whoever knocks is not turned away for one that has left.
    const second = fixture.link(7);
    assert.deepEqual(fixture.ends, ['7: it left']);
    echo(fixture, second, 2);
    second.close();
    fixture.later();
  });

  it('whoever waits to be let in is one, and makes room by leaving', (test) => {
    const fixture = new Fixture(test);
    const rogue = fixture.rogue();
    rogue.send(99 as typeof FrameKind.PUBLISH, 1, '');
    fixture.host.poll();
    assert.match(fixture.ends[0] ?? '', /no proper client/);
    // It has to wait for a while after that.
    const waiting = Knock.at(fixture.path(7));
    const next = Knock.at(fixture.path(7));
    fixture.later(SOON_MS);
    assert.equal(waiting.poll(), undefined);
    assert.throws(() => next.poll(), refusal('IN_USE'));
    waiting.close();
    const last = Knock.at(fixture.path(7));
    fixture.later(SOON_MS);
    assert.equal(last.poll(), undefined);
    fixture.later();
    const offered = last.poll();
    assert(offered !== undefined);
    new SharedMemoryLink(offered).close();
    rogue.close();
  });

  it('few come in, and are answered, in one look; all of them soon', (test) => {
    const accounts = Array.from({ length: 20 }, (_, index) => ({ account: index + 2 }));
    const fixture = new Fixture(test, ownFolder(test), accounts);
    const knocks = new Set(accounts.map(({ account }) => Knock.at(fixture.path(account))));
    const offered: Offered[] = [];
    const look = () => {
      const before = offered.length;
      fixture.later(SOON_MS);
      for (const knock of [...knocks]) {
        const one = knock.poll();
        if (one === undefined) continue;
        offered.push(one);
        knocks.delete(knock);
      }
      return offered.length - before;
    };
    while (offered.length < accounts.length) assert.equal(look(), 2);
    for (const one of offered) new SharedMemoryLink(one).close();
    fixture.later();
    assert.equal(fixture.ends.length, accounts.length);
  });

  it('a client that hangs up and writes on has its end within a second', (test) => {
    const fixture = new Fixture(test);
    const rogue = fixture.rogue();
    rogue.hangUp();
    for (let pass = 0; pass < 3 && fixture.ends.length === 0; pass += 1) {
      rogue.send(FrameKind.PUBLISH, pass, 'a.b', '', bytes('c'));
      fixture.later();
    }
    assert.deepEqual(fixture.ends, [`7: process ${ownPid} is gone`]);
    rogue.drop();
  });

  it('a transport whose place is taken when it comes back gets it later', async (test) => {
    const fixture = new Fixture(test);
    const path = fixture.path(7);
    const turns = setInterval(() => fixture.later(SOON_MS), 1);
    test.after(() => clearInterval(turns));
    const transport = await connectSharedMemory({ path });
    test.after(() => transport.close());
    const next = (wanted: string) =>
      new Promise<void>((resolve) => {
        const stop = transport.onStatus((status) => {
          stop();
          assert.equal(status, wanted);
          resolve();
        });
      });
    const lost = next('disconnected');
    fixture.host.close();
    await lost;
    const other = new Fixture(test, fixture.folder);
    const first = other.link(7);
    const warned = once(process, 'warning');
    const back = next('connected');
    const otherTurns = setInterval(() => other.later(SOON_MS), 1);
    test.after(() => clearInterval(otherTurns));
    assert.match(String(await warned), /is tried again: .* is taken: process/);
    first.close();
    await back;
  });

  it('a client that was lost comes in again by itself', async (test) => {
    const fixture = new Fixture(test);
    const path = fixture.path(7);
    const entrance = new Entrance({ path });
    assert.equal(entrance.tryOnce(), undefined);
    fixture.host.close();
    assert.throws(() => entrance.tryOnce(), refusal('NO_OWNER'));
    assert.throws(() => entrance.tryOnce(), refusal('NO_OWNER'));
    const other = new Fixture(test, fixture.folder);
    assert.equal(entrance.tryOnce(), undefined);
    other.later();
    const offered = entrance.tryOnce();
    assert(offered !== undefined);
    new SharedMemoryLink(offered).close();
    assert.equal(statSync(fixture.folder).mode & 0o777, 0o700);
  });
});
