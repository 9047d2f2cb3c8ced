// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobFromWire, resultFromWire, resultToWire } from './job-wire.ts';
import type { ProofResult } from './proof-job.ts';
import { someJobs } from './testing/scripted-maker.ts';

const made: ProofResult = {
  ...{ proof: new Uint8Array(256).fill(7), publicSignals: ['1'] },
  ...{ proveMs: 900, cpuMs: 800, rssBytes: 3e8, worker: 'host-1.local:42' },
};

const circuit = { circuit: 'batch-15' } as const;

function read(change: Record<string, unknown>, waitedMs = 1_000): ProofResult {
  const wire = { ...Object(resultToWire(made, circuit)), ...change };
  const result = resultFromWire(JSON.parse(JSON.stringify(wire)), waitedMs, circuit);
  assert(!(result instanceof Error), String(result));
  return result;
}

test('a result survives its way, with what a later release adds left out', () => {
  assert.deepEqual(read({}), made);
  assert.deepEqual(read({ machine: 'new' }), made);
});

test('figures that cannot be measure nothing', () => {
  const { cpuMs: _cpu, rssBytes: _rss, ...unmeasured } = made;
  assert.deepEqual(read({ cpuMs: 1e308 }), unmeasured);
  assert.deepEqual(read({ proveMs: 1e308 }), { ...unmeasured, proveMs: 3_600_000 });
  // It waited for a worker that long; no more is believed than the file of averages takes.
  assert.deepEqual(read({ cpuMs: 9e8 }, 1e9), unmeasured);
  assert.deepEqual(read({}, 500), unmeasured, 'made before it was asked for');
  assert.deepEqual(read({ rssBytes: 1e300 }), { ...unmeasured, cpuMs: 800 });
  assert.deepEqual(read({ cpuMs: -1, rssBytes: 'much' }), unmeasured);
});

test('a worker that is not named as one is not named', () => {
  const { worker: _worker, ...unsigned } = made;
  assert.deepEqual(read({ worker: '\u001b[2J:1' }), unsigned);
  const refused = resultFromWire({ worker: 'host:1', proof: '\n' }, 0, circuit);
  assert(refused instanceof Error);
  assert.match(refused.message, /^worker host:1 returned no proof: .*proof/);
  assert.doesNotMatch(refused.message, /\n/);
});

test('a job of another form is told in one line', () => {
  const [job] = someJobs(1);
  assert.deepEqual(jobFromWire(JSON.parse(JSON.stringify(job))), job);
  const refused = jobFromWire({ ...job, circuit: 'batch-9999', curve: 'other' });
  assert(refused instanceof Error);
  assert.match(refused.message, /circuit/);
  assert.doesNotMatch(refused.message, /\n/);
});
