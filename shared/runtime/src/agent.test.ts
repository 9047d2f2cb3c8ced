import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { type Agent, AgentInvoker, AgentRunner } from './agent.ts';
import { createIdleStrategy, defaultIdleStrategy } from './idle-strategy.ts';

const noError = (error: Error): never => assert.fail(error);
const nothing = { waitForWork: () => false };

test('a runner runs until it is stopped, then closes the agent', () => {
  const calls: string[] = [];
  const agent: Agent = {
    roleName: 'counter',
    doWork: () => calls.push('work'),
    onClose: () => void calls.push('close'),
  };
  const runner = new AgentRunner(agent, createIdleStrategy('busy-spin', nothing));
  runner.run(() => calls.length === 3);
  assert.deepEqual(calls, ['work', 'work', 'work', 'close']);
});

test('what an agent throws leaves the runner, after the agent is closed', () => {
  let closed = false;
  const agent: Agent = {
    roleName: 'broken',
    doWork: () => {
      throw new Error('broken');
    },
    onClose: () => {
      closed = true;
    },
  };
  const runner = new AgentRunner(agent, createIdleStrategy('yield', nothing));
  assert.throws(() => runner.run(() => false), /broken/);
  assert(closed);
});

test('park sleeps on its input only after many idle passes, and spins again after work', () => {
  let parked = 0;
  const idle = createIdleStrategy('park', {
    waitForWork: () => {
      parked += 1;
      return true;
    },
  });
  for (let i = 0; i < 1_000; i += 1) idle.idle(0);
  assert.equal(parked, 0);
  for (let i = 0; i < 10_000; i += 1) idle.idle(0);
  assert(parked > 0);
  idle.idle(1);
  const before = parked;
  idle.idle(0);
  assert.equal(parked, before);
});

test('the default strategy parks where threads outnumber cores', () => {
  assert.equal(defaultIdleStrategy(3, 2), 'park');
  assert.equal(defaultIdleStrategy(2, 4), 'yield');
});

test('an invoker that spins does not sleep when there is no work', async () => {
  const passes = Promise.withResolvers<void>();
  let left = 1_000;
  const agent: Agent = {
    roleName: 'idle',
    doWork: () => {
      left -= 1;
      if (left === 0) passes.resolve();
      return 0;
    },
  };
  // Asleep for a minute after one pass, if it slept.
  const invoker = new AgentInvoker([agent], {
    onError: noError,
    idlePasses: 1,
    idleMs: 60_000,
    spin: true,
  });
  invoker.start();
  await passes.promise;
  await invoker.stop();
});

test('an invoker runs its agents in order, goes idle, and wakes', async () => {
  const seen: string[] = [];
  let work = 3;
  const passes = Promise.withResolvers<void>();
  const first: Agent = { roleName: 'first', doWork: () => seen.push('first') * 0 };
  const second: Agent = {
    roleName: 'second',
    doWork: () => {
      seen.push('second');
      work -= 1;
      if (work === 0) passes.resolve();
      return work > 0 ? 1 : 0;
    },
  };
  // Asleep for a minute once idle: only wake() can bring it back.
  const invoker = new AgentInvoker([first, second], {
    onError: noError,
    idlePasses: 1,
    idleMs: 60_000,
  });
  invoker.start();
  await passes.promise;
  assert.deepEqual(seen, ['first', 'second', 'first', 'second', 'first', 'second']);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(seen.length, 6, 'idle');
  const again = Promise.withResolvers<void>();
  first.doWork = () => {
    again.resolve();
    return 0;
  };
  invoker.wake();
  await again.promise;
  await invoker.stop();
});

test('an invoker lets promises settle between passes of a turn, and ends its turns', async () => {
  let turns = 0;
  let settled = 0;
  const inTurn: number[] = [];
  const seen: number[] = [];
  const agent: Agent = {
    roleName: 'busy',
    doWork: () => {
      inTurn.push(turns);
      seen.push(settled);
      Promise.resolve().then(() => {
        settled += 1;
      });
      return inTurn.length < 30 ? 1 : 0;
    },
  };
  const invoker = new AgentInvoker([agent], { onError: noError, idlePasses: 1 });
  const count = () => {
    turns += 1;
    if (inTurn.length < 30) setImmediate(count);
  };
  setImmediate(count);
  invoker.start();
  while (inTurn.length < 30) await new Promise((resolve) => setImmediate(resolve));
  await invoker.stop();
  assert.deepEqual(seen, [...seen.keys()], 'what a pass began is done before the next');
  const passes = (turn: number) => inTurn.filter((of) => of === turn).length;
  assert(passes(1) > 1 && passes(1) < 16, `${passes(1)} passes in a turn`);
});

test('an invoker that is stopped between two passes of a turn stays stopped', async () => {
  let passes = 0;
  const agent: Agent = {
    roleName: 'busy',
    doWork: () => {
      passes += 1;
      queueMicrotask(() => void invoker.stop());
      return 1;
    },
  };
  const invoker = new AgentInvoker([agent], { onError: noError });
  invoker.start();
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(passes, 1);
});

test('I/O gets its turn while an agent always has work', async () => {
  const invoker = new AgentInvoker([{ roleName: 'busy', doWork: () => 1 }], { onError: noError });
  invoker.start();
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [chunk] = await once(socket, 'data');
  assert.equal(String(chunk), 'hello');
  await invoker.stop();
  socket.destroy();
  server.close();
});

test('an agent that throws stops the invoker, which names it', async () => {
  const failure = Promise.withResolvers<Error>();
  let others = 0;
  const broken: Agent = {
    roleName: 'sequencer',
    doWork: () => {
      throw new RangeError('out of range');
    },
  };
  const invoker = new AgentInvoker([broken, { roleName: 'other', doWork: () => (others += 1) }], {
    onError: failure.resolve,
  });
  invoker.start();
  const error = await failure.promise;
  assert.match(error.message, /the sequencer agent failed: out of range/);
  assert(error.cause instanceof RangeError);
  invoker.wake();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(others, 0);
});
