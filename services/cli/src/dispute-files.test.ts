/** `dispute` with files alone: what anybody may have written, and receipts of more than one log. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EVIDENCE_CHARACTERS_MAX } from '@foldbook/verifier';
import { certificateOf, filled, receiptOf, TestLog } from '@foldbook/verifier/testing';
import { foldbook } from './testing/foldbook.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-dispute-files-'));
after(() => rm(dir, { recursive: true }));

test('a hostile file of evidence is refused in one line', async () => {
  const file = join(dir, 'hostile.json');
  const clear = '\u001b[2J';
  for (const [text, words] of [
    ['{"format":"foldbook-evidence","v":{"toString":1}}', /^NO EVIDENCE: EVIDENCE_FORMAT: v is/],
    [`{"format":${clear}`, /^NO EVIDENCE: EVIDENCE_FORMAT: /],
  ] as const) {
    await writeFile(file, text);
    const { status, stdout, stderr } = await foldbook('dispute', '--check', file);
    assert.deepEqual([status, stderr], [1, '']);
    assert.match(stdout, words);
    assert.equal(stdout.trimEnd().split('\n').length, 1);
    assert(!stdout.includes('\u001b'));
  }
  await truncate(file, EVIDENCE_CHARACTERS_MAX + 1);
  const { status, stderr } = await foldbook('dispute', '--check', file);
  assert.equal(status, 2);
  assert.match(stderr, /is longer than any evidence/);
});

const [NODE, SECOND, OPERATOR] = [filled(4), filled(6), filled(5)] as const;

/** What `dispute` says of a group of one market and one of another in one place of a log. */
async function twoMarkets(name: string, secret: Uint8Array, isCertified: boolean) {
  const a = new TestLog(NODE).append([1]).receipt(0);
  const b = receiptOf({ ...a, market: 'OTHER' }, secret);
  const certificates = [a, b].map(({ publicKey }) => certificateOf(publicKey, OPERATOR));
  const lines = [
    ...(isCertified ? certificates : []).map((bytes) => ['certificate', bytes] as const),
    ...[a, b].map(({ bytes }) => ['receipt', bytes] as const),
  ].map(([kind, bytes]) => JSON.stringify({ [kind]: Buffer.from(bytes).toString('hex') }));
  const [file, out] = [join(dir, `${name}.jsonl`), join(dir, name)];
  await writeFile(file, `${lines.join('\n')}\n`);
  const ran = await foldbook('dispute', file, '--out', out);
  return { ...ran, evidence: await readdir(out).catch(() => []), out };
}

test('one place of a log holds no two markets, unless the logs are of two venues', async () => {
  for (const [name, secret, isCertified] of [
    ['one-node', NODE, false],
    ['one-operator', SECOND, true],
  ] as const) {
    const { status, stdout, evidence, out } = await twoMarkets(name, secret, isCertified);
    assert.equal(status, 1, stdout);
    assert.match(stdout, /CONTRADICTED by another receipt: log sequence 10 of partition 0 holds a/);
    assert.equal(evidence.length, 1);
    const checked = await foldbook('dispute', '--check', join(out, evidence[0] ?? ''));
    assert.equal(checked.status, 0, checked.stdout);
  }
  const { status, stderr, evidence } = await twoMarkets('strangers', SECOND, false);
  // Nothing is wrong, and nothing was named to hold them against.
  assert.deepEqual([status, evidence], [2, []], stderr);
  assert.match(stderr, /the receipts agree with each other/);
});
