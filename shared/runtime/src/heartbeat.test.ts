import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { platform } from 'node:process';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Heartbeat, HeartbeatWatch } from './heartbeat.ts';
import type { LeaseHolder } from './lease-record.ts';
import { hostIdentity, ownIdentity } from './process-identity.ts';

const STALL_MS = 1_000;
const HOLDER = fileURLToPath(new URL('./testing/heartbeat-process.ts', import.meta.url));

const holder = (fields: Partial<LeaseHolder>): LeaseHolder => ({
  ...{ node: 'a', instance: 'a.1', host: hostIdentity(), process: ownIdentity(), facts: {} },
  ...fields,
});

function watching(test: TestContext) {
  let nowMs = 0;
  const timers = { monotonicNs: () => nowMs * 1e6 };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  const watch = new HeartbeatWatch({ stallMs: STALL_MS, timers });
  test.after(() => watch.close());
  /** Looks every millisecond for so long, and says whether the last look found it gone. */
  const look = (who: LeaseHolder, ms: number, each: () => void = () => undefined) => {
    let isGone = false;
    for (let step = 0; step < ms; step += 1) {
      pass(1);
      each();
      isGone = watch.isGone(who);
    }
    return isGone;
  };
  return { pass, watch, look };
}

describe('a heartbeat', { skip: platform !== 'linux' && 'there is no /dev/shm' }, () => {
  it('is one of a process that works, or has stood still for too long', (test) => {
    const { look } = watching(test);
    const heart = new Heartbeat();
    test.after(() => heart.remove());
    const who = holder({ facts: heart.facts });
    assert(!look(who, 3 * STALL_MS, () => heart.doWork()));
    assert(!look(who, STALL_MS - 1));
    assert(look(who, 2));
    heart.doWork();
    assert(!look(who, 1), 'it beats again');
  });

  it('takes away what processes left that were killed, and nobody else has left', async (test) => {
    const child = fork(HOLDER, { stdio: 'ignore' });
    const [{ facts }] = (await once(child, 'message')) as [LeaseHolder];
    const path = facts.heartbeat ?? '';
    const ended = once(child, 'exit');
    const first = new Heartbeat();
    test.after(() => first.remove());
    assert(existsSync(path), 'it lives');
    child.kill('SIGKILL');
    await ended;
    assert(existsSync(path));
    const second = new Heartbeat();
    test.after(() => second.remove());
    assert(!existsSync(path));
    assert(existsSync(Object.values(first.facts)[0] ?? ''));
  });

  it('says nothing before its first beat, and when it is closed', (test) => {
    const { look } = watching(test);
    const heart = new Heartbeat();
    test.after(() => heart.remove());
    const who = holder({ facts: heart.facts });
    assert(!look(who, 3 * STALL_MS), 'it may be starting still');
    heart.doWork();
    assert(!look(who, 1));
    heart.onClose();
    assert(!look(who, 3 * STALL_MS));
  });

  it('is not held against one whose watcher stood still itself', (test) => {
    const { pass, watch, look } = watching(test);
    const heart = new Heartbeat();
    test.after(() => heart.remove());
    const who = holder({ facts: heart.facts });
    heart.doWork();
    assert(!look(who, 1));
    pass(60 * STALL_MS);
    assert(!watch.isGone(who));
  });

  it('of another host says nothing', (test) => {
    const { look } = watching(test);
    const heart = new Heartbeat();
    test.after(() => heart.remove());
    heart.doWork();
    assert(!look(holder({ facts: heart.facts, host: 'elsewhere' }), 3 * STALL_MS));
    assert(!look(holder({ facts: heart.facts, host: '' }), 3 * STALL_MS));
  });

  it('is gone a few looks after its process was killed, and its file, too', async (test) => {
    const { look, watch } = watching(test);
    const child = fork(HOLDER, { stdio: 'ignore' });
    const [who] = (await once(child, 'message')) as [LeaseHolder];
    const path = who.facts.heartbeat ?? '';
    assert(existsSync(path));
    assert(!look(who, 3));
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert(look(who, 5));
    watch.close();
    assert(!existsSync(path));
  });

  it('without a file is whether its process lives', (test) => {
    const { look } = watching(test);
    assert(!look(holder({ facts: {} }), 3 * STALL_MS));
    for (const heartbeat of ['/etc/passwd', '/dev/shm/foldbook-heartbeat-none', '']) {
      assert(!look(holder({ facts: { heartbeat }, instance: heartbeat }), 3 * STALL_MS));
    }
    const gone = { pid: 2 ** 22 + 1, started: '1' };
    assert(look(holder({ process: gone, instance: 'b' }), 1));
  });
});
