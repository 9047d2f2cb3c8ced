/** The market's side of shared memory and a client's, in one process and in lock step. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import { describe, it, type TestContext } from 'node:test';
import type { Frame } from './frame.ts';
import { ownIdentity } from './process-identity.ts';
import { RingOffset, SLOT_BYTES } from './ring-descriptor.ts';
import { handshakeFile, SharedMemoryHost } from './shared-memory-host.ts';
import {
  ClientState,
  ControlOffset,
  FrameKind,
  FrameOffset,
  LAYOUT_HASH,
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
  readonly host: SharedMemoryHost;
  #nowMs = 0;

  constructor(test: TestContext, folder = ownFolder(test)) {
    this.folder = folder;
    const options = {
      folder,
      accounts: [7, 8],
      maxFrameBytes: MAX_FRAME_BYTES,
      ringSlots: SLOTS,
      maxWaitingBytes: 8_192,
      nowMs: () => this.#nowMs,
    };
    this.host = new SharedMemoryHost(options, {
      onOpen: () => undefined,
      onFrame: (connection, { kind, id, subject, reply, payload }: Frame) => {
        if (kind !== FrameKind.PUBLISH) return false;
        connection.send(FrameKind.DELIVER, id, subject, reply, payload);
        return true;
      },
      onEnd: ({ account }, reason) => this.ends.push(`${account}: ${reason}`),
      onTrouble: (account, reason) => assert.fail(`${account}: ${reason}`),
    });
    test.after(() => this.host.close());
  }

  path(account: number): string {
    return handshakeFile(this.folder, account);
  }

  /** Time for what is done now and then. */
  later(): void {
    this.#nowMs += LATER_MS;
    this.host.poll();
  }

  rogue(): RogueLink {
    const rogue = RogueLink.attach(this.path(7));
    assert(rogue !== undefined);
    return rogue;
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
    const link = SharedMemoryLink.attach(fixture.path(7));
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
    const proper = SharedMemoryLink.attach(fixture.path(8));
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
      rogue.close();
      echo(fixture, proper, 3);
      fixture.later();
      assert(existsSync(fixture.path(7)), 'offered again');
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
    const proper = SharedMemoryLink.attach(fixture.path(8));
    const deaf = SharedMemoryLink.attach(fixture.path(7));
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
    const proper = SharedMemoryLink.attach(fixture.path(8));
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
      for (let i = 0; i < 3; i += 1) fixture.later();
      rogue.close();
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

  it('a handshake of a dead market, or of another process by now, is none', (test) => {
    const folder = ownFolder(test);
    const fixture = new Fixture(test, folder);
    const whole = JSON.parse(readFileSync(fixture.path(7), 'utf8'));
    const write = (change: object) =>
      writeFileSync(fixture.path(7), JSON.stringify({ ...whole, ...change }));
    const attach = () => SharedMemoryLink.attach(fixture.path(7));
    write({ pid: 2 ** 22 + 1 });
    assert.throws(attach, refusal('NO_OWNER', /has ended/));
    write({ started: '1' });
    assert.throws(attach, refusal('NO_OWNER', /has ended/));
    write({ descriptor: 9_999 });
    assert.throws(attach, refusal('NO_OWNER', /taken its shared memory back/));
    // The number means a file, a folder, or the memory of another account by now.
    for (const name of [fixture.path(7), folder]) {
      const descriptor = openSync(name, 'r');
      write({ descriptor });
      assert.throws(attach, refusal('NO_OWNER', /taken its shared memory back/), name);
      closeSync(descriptor);
    }
    const other = JSON.parse(readFileSync(fixture.path(8), 'utf8'));
    write({ descriptor: other.descriptor });
    assert.throws(attach, refusal('NO_OWNER'));
    write({});
    attach().close();
  });

  it('another version, another layout and what is no handshake are told apart', (test) => {
    const fixture = new Fixture(test);
    const whole = JSON.parse(readFileSync(fixture.path(7), 'utf8'));
    const path = fixture.path(7);
    for (const text of [
      '',
      '[]',
      'null',
      JSON.stringify({ ...whole, version: 2 }),
      JSON.stringify({ ...whole, layout: LAYOUT_HASH ^ 1 }),
      JSON.stringify({ ...whole, slots: 3 }),
      JSON.stringify({ ...whole, descriptor: -1.5 }),
    ]) {
      writeFileSync(path, text);
      assert.throws(() => SharedMemoryLink.attach(path), refusal('BAD_LAYOUT', /one version/));
    }
    const words = new RegExp(path);
    return assert.rejects(connectSharedMemory({ path }), refusal('CONNECT_FAILED', words));
  });

  it('memory of another layout than its handshake says is not attached to', (test) => {
    const fixture = new Fixture(test);
    const rogue = fixture.rogue();
    rogue.store(ControlOffset.CLIENT_STATE, ClientState.FREE);
    rogue.store(ControlOffset.LAYOUT, LAYOUT_HASH ^ 1);
    assert.throws(() => SharedMemoryLink.attach(fixture.path(7)), refusal('NO_OWNER'));
    rogue.close();
  });

  it('a folder that others may enter, or that is none, is refused', (test) => {
    const folder = ownFolder(test);
    const open = join(folder, 'open');
    mkdirSync(open, { mode: 0o700 });
    chmodSync(open, 0o750);
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
    writeFileSync(handshakeFile(folder, 7), JSON.stringify(dead), { mode: 0o600 });
    const fixture = new Fixture(test, folder);
    assert.throws(() => new Fixture(test, folder), refusal('IN_USE', /is taken: process \d+/));
    SharedMemoryLink.attach(fixture.path(7)).close();
  });

  it('one client at a time; a place is free again once its client has left', async (test) => {
    const fixture = new Fixture(test);
    const path = fixture.path(7);
    const first = SharedMemoryLink.attach(path);
    assert.throws(() => SharedMemoryLink.attach(path), refusal('NO_OWNER'));
    first.close();
    fixture.later();
    fixture.later();
    const lock = `${path}.client`;
    writeFileSync(lock, JSON.stringify(ownIdentity()), { mode: 0o600 });
    const again = connectSharedMemory({ path, connectTimeoutMs: 50 });
    await assert.rejects(again, refusal('CONNECT_FAILED', /is taken: process \d+/));
    writeFileSync(lock, JSON.stringify({ ...ownIdentity(), started: '1' }));
    const transport = await connectSharedMemory({ path });
    assert.equal(transport.status(), 'connected');
    fixture.host.close();
    await transport.close();
    assert.equal(existsSync(lock), false);
  });
});
