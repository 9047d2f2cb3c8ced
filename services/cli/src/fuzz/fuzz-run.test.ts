import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Defect, MET_AT } from '../testing/broken-fuzz-thread.ts';
import { mutatorOf, openFormat, readCorpus } from './formats.ts';
import { fuzz } from './fuzz-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'foldbook-fuzz-'));
after(() => rmSync(folder, { recursive: true }));
const asked = { format: 'lobster', threads: 1, folder, signal: new AbortController().signal };
const thread = new URL('../testing/broken-fuzz-thread.ts', import.meta.url);

for (const [what, seed, kind] of [
  ['hangs', Defect.HANGS, 'hangs'],
  ['takes all memory', Defect.TAKES_ALL_MEMORY, 'ended its thread'],
] as const) {
  test(`an input that ${what} is found`, async () => {
    const leastHangMs = seed === Defect.HANGS ? 1_000 : 600_000;
    const { failure } = await fuzz({ ...asked, seed, runs: 50, thread, leastHangMs });
    assert.equal(failure?.kind, kind);
    assert.equal(failure.run, MET_AT);
    const mutator = mutatorOf(await openFormat('lobster', folder), readCorpus('lobster'));
    assert.deepEqual(Buffer.from(failure.bytes), mutator.input(seed, MET_AT));
  });
}

test('any number of threads plays the same inputs', async () => {
  const played = [];
  for (const threads of [1, 2]) {
    const { bytes, runs, outcomes, failure } = await fuzz({
      ...asked,
      threads,
      seed: 3,
      runs: 1_100,
    });
    assert.equal(failure, undefined);
    played.push({ bytes, runs, outcomes });
  }
  assert.deepEqual(played[0], played[1]);
  assert.equal(played[0]?.runs, 1_100);
});

test('an interruption ends it, whatever is played', async () => {
  const interruption = new AbortController();
  const { signal } = interruption;
  const running = fuzz({ ...asked, signal, seed: Defect.HANGS, runs: 50, thread });
  interruption.abort();
  const { runs, failure } = await running;
  assert.deepEqual([runs, failure], [0, undefined]);
});
