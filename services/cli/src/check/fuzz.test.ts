import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { foldbook } from '../testing/foldbook.ts';

const folder = mkdtempSync(join(tmpdir(), 'foldbook-fuzz-'));
after(() => rmSync(folder, { recursive: true }));

test('a few inputs of one format, and the same of the same seed', async () => {
  const found = [];
  for (const jobs of ['1', '2']) {
    const { status, stdout, stderr } = await foldbook(
      ...['check', 'fuzz', '--format', 'lobster', '--runs', '600', '--seed', '9'],
      ...['--jobs', jobs, '--json', '--out', folder],
    );
    assert.equal(status, 0, stdout + stderr);
    const { ms, ...figures } = JSON.parse(stdout);
    assert.ok(ms > 0);
    found.push(figures);
  }
  assert.deepEqual(found[0], found[1]);
  const [{ ok, format, seed, runs, outcomes }] = found;
  assert.deepEqual([ok, format, seed], [true, 'lobster', 9]);
  assert.ok(runs > 600, 'the corpus comes first');
  const counts = Object.values(outcomes as Record<string, number>);
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    runs,
  );
  assert.ok(outcomes.whole > 0 && outcomes.BAD_FIELD > 0);
});

test('one input alone, which is right or is refused', async () => {
  const path = join(folder, 'one');
  writeFileSync(path, '1,1,7,4,100,1\n1,x\n');
  const args = ['check', 'fuzz', '--input', path, '--json', '--format'];
  for (const [format, code] of [
    ['lobster', 'BAD_FIELD'],
    ['dbn', 'BAD_MAGIC'],
    ['packed', 'whole'],
    ['receipt', 'TRUNCATED'],
  ] as const) {
    const { status, stdout } = await foldbook(...args, format);
    assert.equal(status, 0, stdout);
    assert.deepEqual(JSON.parse(stdout).outcomes, { [code]: 1 });
  }
});

test('what cannot be asked', async () => {
  for (const [args, expected] of [
    [['--format', 'pdf'], /no format "pdf"; there are: lobster, dbn, /],
    [['--input', 'x'], /--input: say of what format it is, with --format: lobster, /],
    [['--input', 'x', '--format', 'dbn', '--seed', '2'], /leave it or --seed away/],
    [['--input', join(folder, 'none'), '--format', 'dbn'], /there is no such file or folder/],
  ] as const) {
    const { status, stderr } = await foldbook('check', 'fuzz', ...args);
    assert.equal(status, 2);
    assert.match(stderr, expected);
  }
});
