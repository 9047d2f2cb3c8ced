/** Two verifiers have the same verdict on whatever is done to a statement and its proof. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { airDigest } from '../air/digest.ts';
import { PRIME } from '../field/base.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { PartShape } from '../proof/part-shape.ts';
import { PartProver } from '../prove/part-prover.ts';
import type { RefusalCode } from '../verify/verdict.ts';
import { verifyPart } from '../verify/verify-part.ts';
import { QUICK_PARAMETERS, refusalOf } from './both-verifiers.ts';
import { proofSpans, statementSpans } from './proof-spans.ts';
import { proveReference } from './reference/prover.ts';
import { SAMPLE_RECORDS, sampleTrace } from './reference/sample-part.ts';
import { PARAMETERS, verifyReference } from './reference/verify.ts';
import { sampleAccounts, sampleRecords } from './sample-part.ts';

const kernel = new Kernel(await readKernelModule());
const records = sampleRecords();
const place = { chainId: new Uint8Array(32), market: 1, epoch: 0n, part: 0, recordFirst: 0n };
const input = { ...place, records, accounts: sampleAccounts() };
const honest = new PartProver(kernel, QUICK_PARAMETERS).prove(input);
const { before, after } = honest;
const shape = new PartShape({ parameters: QUICK_PARAMETERS, count: records.length, before, after });

function changed(bytes: Uint8Array, offset: number, to: (old: number) => number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = to(copy[offset] ?? 0);
  return copy;
}

/** @param move - from where to where, and how many bytes; places are modulo the length */
function withMove(bytes: Uint8Array, [from, to, length]: [number, number, number]): Uint8Array {
  const copy = bytes.slice();
  const start = from % bytes.length;
  copy.copyWithin(to % bytes.length, start, start + length);
  return copy;
}

const SEED = 1;
const FORMATS: readonly (RefusalCode | undefined)[] = ['STATEMENT_FORMAT', 'PROOF_FORMAT'];

for (const { of, spans, runs } of [
  { of: 'statement', spans: statementSpans(), runs: 2 },
  { of: 'proof', spans: proofSpans(shape), runs: 2 },
] as const) {
  test(`any byte of the ${of} that is changed is refused, by the seed`, () => {
    for (const { name, offset, length } of spans) {
      const flip = fc.integer({ min: 1, max: 255 });
      const property = fc.property(fc.nat(length - 1), flip, (index, mask) => {
        const bytes = changed(honest[of], offset + index, (old) => old ^ mask);
        assert.notEqual(refusalOf({ ...honest, [of]: bytes }), undefined, name);
      });
      fc.assert(property, { seed: SEED, numRuns: runs });
    }
  });

  test(`elements of the ${of} that are not below p are refused`, () => {
    for (const { name, offset, length } of spans.filter(({ isElements }) => isElements)) {
      for (const at of [offset, offset + length - 4]) {
        const copy = honest[of].slice();
        const view = new DataView(copy.buffer);
        // The same element, told in another way.
        view.setUint32(at, view.getUint32(at, true) + PRIME, true);
        assert.ok(FORMATS.includes(refusalOf({ ...honest, [of]: copy })), name);
      }
    }
  });

  test(`a ${of} that is shorter or longer is refused`, () => {
    const whole = honest[of];
    const longer = Uint8Array.from([...whole, 0]);
    const lengths = fc.sample(fc.nat(whole.length - 1), { seed: SEED, numRuns: 20 });
    const cut = [0, 4, whole.length - 1, ...lengths].map((length) => whole.slice(0, length));
    for (const bytes of [longer, ...cut]) {
      assert.ok(FORMATS.includes(refusalOf({ ...honest, [of]: bytes })), `${bytes.length} bytes`);
    }
  });
}

test('whatever the bytes are, both verifiers say the same, and neither throws', () => {
  const bytes = fc.uint8Array({ maxLength: 1_000 });
  const random = fc.property(bytes, bytes, (statement, proof) => {
    assert.ok(FORMATS.includes(refusalOf({ statement, proof })));
  });
  fc.assert(random, { seed: SEED });
  // Bytes of one place at another.
  const move = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 64 }));
  const moved = fc.property(move, move, (one, two) => {
    const statement = withMove(honest.statement, one);
    const proof = withMove(honest.proof, two);
    const isHonest = (name: 'statement' | 'proof', bytes: Uint8Array) =>
      Buffer.compare(bytes, honest[name]) === 0;
    const isRefused = refusalOf({ ...honest, statement }) !== undefined;
    assert.equal(isRefused, !isHonest('statement', statement));
    assert.equal(refusalOf({ ...honest, proof }) !== undefined, !isHonest('proof', proof));
  });
  fc.assert(moved, { seed: SEED, numRuns: 25 });
});

test('a proof of another part is refused', () => {
  const other = new PartProver(kernel, QUICK_PARAMETERS).prove({ ...input, part: 1 });
  assert.equal(refusalOf({ statement: other.statement, proof: honest.proof }), 'CONSTRAINTS');
});

test('few queries are refused by those who have not been told to take them', () => {
  const { statement, proof } = honest;
  const verdict = verifyPart(statement, proof);
  assert.ok(!verdict.ok && verdict.code === 'PARAMETERS');
  const known = { airDigest: airDigest(), parameters: PARAMETERS };
  const reason = 'parameters that are not accepted';
  assert.deepEqual(verifyReference(statement, proof, known), { ok: false, reason });
  const low = { ...known, parameters: [{ ...QUICK_PARAMETERS, maxLogHeight: 11 }] };
  assert.ok(!verifyReference(statement, proof, low).ok);
});

/** Deposits to as many accounts, of which some are known. */
function depositsTo(count: number, known: number) {
  const ids = Uint32Array.from({ length: known }, (_, id) => id);
  const records = Array.from({ length: count }, (_, i) => {
    return { kind: 4, a: 0, b: 2 + i, price: 0n, dBase: BigInt(i) << 20n, dQuote: 0n };
  });
  const nothing = () => new BigUint64Array(known);
  return { records, accounts: { ids, base: nothing(), quote: nothing() } };
}

for (const [name, parameters, { records, accounts }, heights] of [
  ['one height', QUICK_PARAMETERS, depositsTo(2_100, 2_060), [12, 12]],
  ['other heights', { ...QUICK_PARAMETERS, logBlowup: 3 }, depositsTo(200, 80), [8, 7]],
] as const) {
  test(`both verifiers accept tables of ${name}`, () => {
    const part = new PartProver(kernel, parameters).prove({ ...input, records, accounts });
    assert.deepEqual([part.after.logHeight, part.before.logHeight], heights);
    assert.equal(refusalOf(part, parameters), undefined);
  });
}

test('both verifiers accept what a prover that shares no code with ours made', () => {
  const count = SAMPLE_RECORDS.length;
  const claim = { parameters: QUICK_PARAMETERS, airDigest: airDigest(), count };
  const { statement, proof } = proveReference(sampleTrace(), claim);
  assert.equal(refusalOf({ statement, proof }), undefined);
});
