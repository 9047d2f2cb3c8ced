import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KernelHost, loadKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { createRing } from '@foldbook/runtime';
import { arrange, TouchingAgent } from './host-comfort.ts';

const MIB = 2 ** 20;
const memory = { lock: 'off', hugePages: 'off', numa: 'try', reserveMb: 2 } as const;
const rings = () => ({ commands: createRing(64), events: createRing(64) });
const kernel = await loadKernel();

describe("what a host's thread has before its first command", () => {
  it('is what was wished for, of the kernel and both rings', () => {
    const host = new KernelHost(kernel);
    const comfort = { memory, realtime: 'off', node: undefined } as const;
    const reached = arrange({ ...rings(), comfort }, host);
    assert.equal(reached.realTime, undefined);
    assert(reached.memory.bytes > host.usedBytes + 2 * MIB);
    assert.equal(host.takeUntouched(MIB, MIB), undefined);
  });

  it('stays ahead of what groups take', () => {
    const host = new KernelHost(kernel);
    let work = 0;
    const agent = new TouchingAgent({ roleName: 'host', doWork: () => work }, host);
    assert.equal(agent.roleName, 'host');
    host.reserve(MIB);
    assert(host.makeRoom(16 * MIB));
    const untouched = () => host.takeUntouched(MIB, 2 ** 32)?.byteLength ?? 0;
    host.layCommands(MIB / 2 / RECORD_BYTES);
    assert.equal(agent.doWork(), 0);
    assert.equal(untouched(), MIB / 2, 'an idle turn touches nothing');
    host.layCommands(MIB / 2 / RECORD_BYTES);
    work = 1_024;
    agent.doWork();
    assert.equal(
      untouched(),
      MIB / 4,
      'as much as the work of the turn may take, and as much again',
    );
    // A market came: what it took is touched, and a turn touches what lies ahead of it.
    host.layCommands((4 * MIB) / RECORD_BYTES);
    work = 4_096;
    agent.doWork();
    assert.equal(untouched(), 0, 'nothing is left that a command would have to wait for');
  });
});
