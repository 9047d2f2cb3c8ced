import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFailure, judge } from './torn-log.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

function foldbook(...args: string[]): Promise<{ readonly status: number; readonly out: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, out: stdout + stderr });
    });
  });
}

test('a few cuts and flips, each told', async () => {
  const { status, out } = await foldbook(
    ...['check', 'torn', '--seed', '5', '--tail', '300', '--runs', '100', '--json'],
  );
  assert.equal(status, 0, out);
  const { cuts, cutsOnDisk, failures, flips, flipsOnDisk, ok, seed } = JSON.parse(out);
  assert.deepEqual([ok, seed, failures], [true, 5, []]);
  const sum = (counts: Record<string, number>) =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  assert.equal(sum(cuts), 300);
  assert.equal(cuts.whole, 1);
  assert.deepEqual([sum(flips), sum(flipsOnDisk), sum(cutsOnDisk)], [100, 5, 5]);
  assert(flips['refused CORRUPT'] > 0);
});

test('what is silent, lost or crashed fails', () => {
  const records = (count: number) => ({ kind: 'records', count }) as const;
  const allowed = { least: 5, most: 8 };
  const right = { read: records(8), wrote: records(8), allowed, total: 8, isSeen: true };
  const refused = { kind: 'refused', code: 'CORRUPT' } as const;
  for (const [judged, outcome] of [
    [right, 'whole'],
    [{ ...right, read: records(6), wrote: records(6) }, 'cut'],
    [{ ...right, read: refused }, 'refused CORRUPT'],
    [{ ...right, wrote: refused }, 'refused CORRUPT'],
    [{ ...right, read: records(4), wrote: records(4) }, 'lost'],
    [{ ...right, read: records(9), wrote: records(9) }, 'changed'],
    [{ ...right, read: records(7) }, 'lost'],
    [{ ...right, read: refused, wrote: records(4) }, 'lost'],
    [{ ...right, isSeen: false }, 'unseen'],
    [{ ...right, read: { kind: 'changed', detail: '' } }, 'changed'],
    [{ ...right, wrote: { kind: 'crashed', detail: '' } }, 'crashed'],
  ] as const) {
    const verdict = judge(judged);
    assert.equal(verdict.outcome, outcome);
    const isRight = /^(whole|cut|refused)/.test(outcome);
    assert.equal(isFailure(verdict.outcome), !isRight, outcome);
  }
});
