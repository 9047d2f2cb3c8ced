/**
 * Whether the forgeries of `check proof-neg` try what they say: each is refused by the check that
 * it is for, and with that check switched off it is accepted, so that nothing else would have
 * stopped it. Checks are switched off where they give their refusal, in the verifier as it is
 * loaded here.
 */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';

const switched: { off: string | undefined } = { off: undefined };
Object.assign(globalThis, { switchedCheck: switched });
const REFUSES = 'return { ok: false, code, message };';

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/verifier/src/reason-codes.ts')) return loaded;
    const source = String(loaded.source);
    assert(source.includes(REFUSES), 'where every refusal is made');
    const passes = 'if (globalThis.switchedCheck.off === code) return { ok: true };';
    return { ...loaded, source: source.replace(REFUSES, `${passes} ${REFUSES}`) };
  },
});

const { forgeries } = await import('./proof-forgeries.ts');
const { failureOf } = await import('./forged-store.ts');

/** Bytes of the header one in so many; no random flips. */
const STRIDE = 96;
const all = forgeries(0, STRIDE, () => 0);

test('each forgery is refused by the check that it is for', async () => {
  const failures: string[] = [];
  for (const forgery of all) {
    const failure = failureOf(forgery, await forgery.run());
    if (failure !== undefined) failures.push(`${forgery.group}: ${failure}`);
  }
  assert.deepEqual(failures, []);
});

test('a forgery that is accepted, or refused by another check, is told', () => {
  const [forgery] = all;
  assert(forgery);
  assert.match(failureOf(forgery, 'accepted') ?? '', /: accepted$/);
  assert.match(failureOf(forgery, 'HEADER_SIGNATURE') ?? '', /not the check that it is for/);
});

/** Checks behind which no other one stands, for the forgery of this name. */
const alone: readonly (readonly [code: string, name: string])[] = [
  ['HEADER_CHAIN', 'another previous in a signed header'],
  ['CHAIN_ID', 'another chainId in a signed header'],
  ['RULES_HASH', 'another rulesHash in a signed header'],
  ['LOG_CHAIN', 'another logHeadStart in a signed header'],
  ['SEQUENCE_CHAIN', 'market sequences from one before'],
  ['ROOT_CHAIN', 'another root to start from'],
  ['ROOT_FINAL', 'another root to end at'],
  ['BATCH_TILING', 'one record in two batches'],
  ['ACCUMULATOR_MISMATCH', 'a sum of a batch one higher'],
  ['HEADER_SIGNATURE', 'no signature'],
  ['GROTH16_REFUSED', 'before the digests were changed'],
  ['GROTH16_REFUSED', 'proofs under another key'],
  ['GROTH16_REFUSED', 'signal 3 plus one'],
];

for (const [code, name] of alone) {
  test(`without the check ${code}, "${name}" is accepted`, async () => {
    const forgery = all.find((one) => one.name === name);
    assert(forgery);
    switched.off = code;
    try {
      assert.equal(await forgery.run(), 'accepted');
    } finally {
      switched.off = undefined;
    }
  });
}
