/** Who comes in to shared memory: sockets, handshakes, folders, one client at a time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getuid, pid as ownPid } from 'node:process';
import { describe, it } from 'node:test';
import { LocalListener } from './local-socket.ts';
import { MappedMemory } from './mapped-memory.ts';
import { ownIdentity } from './process-identity.ts';
import { socketPath } from './shared-memory-door.ts';
import { Entrance } from './shared-memory-entrance.ts';
import { encodeHandshake, HandshakeKind } from './shared-memory-handshake.ts';
import { Knock, type Offered } from './shared-memory-knock.ts';
import { connectionBytes, FrameKind } from './shared-memory-layout.ts';
import { SharedMemoryLink } from './shared-memory-link.ts';
import { connectSharedMemory } from './shared-memory-transport.ts';
import {
  bytes,
  echo,
  Fixture,
  LINUX,
  ownFolder,
  SOON_MS,
} from './testing/shared-memory-fixture.ts';

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
