import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { add, at, type Element, ONE } from './field.ts';
import { type Wide, wideOf } from './numbers.ts';
import { type Hooks, proveReference } from './prover.ts';
import {
  SAMPLE_ACCEPTED,
  SAMPLE_AIR_DIGEST,
  SAMPLE_CLAIM,
  SAMPLE_PARAMETERS,
  sampleTrace,
} from './sample-part.ts';
import { traceOf } from './trace.ts';
import { PARAMETERS, verifyReference } from './verify.ts';

const honest = proveReference(sampleTrace(), SAMPLE_CLAIM);

function reasonOf(statement: Uint8Array, proof: Uint8Array): string | undefined {
  const verdict = verifyReference(statement, proof, SAMPLE_ACCEPTED);
  return verdict.ok ? undefined : verdict.reason;
}

function flipped(bytes: Uint8Array, offset: number, mask: number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = at(copy, offset) ^ mask;
  return copy;
}

test('a proof of the sample part is accepted', () => {
  assert.equal(reasonOf(honest.statement, honest.proof), undefined);
});

test('any changed byte of a statement is refused', () => {
  for (let offset = 0; offset < honest.statement.length; offset += 1) {
    const changed = flipped(honest.statement, offset, 1 << (offset % 8));
    assert.notEqual(reasonOf(changed, honest.proof), undefined, `byte ${offset}`);
  }
});

test('any changed byte of a proof is refused', () => {
  // A step that is prime to the rows' and digests' sizes falls on all of them in time.
  for (let offset = 0; offset < honest.proof.length; offset += 211) {
    const changed = flipped(honest.proof, offset, 1 << (offset % 8));
    assert.notEqual(reasonOf(honest.statement, changed), undefined, `byte ${offset}`);
  }
});

test('statements and proofs that are shorter or longer are refused', () => {
  const { statement, proof } = honest;
  const longer = (bytes: Uint8Array) => Uint8Array.from([...bytes, 0]);
  assert.equal(reasonOf(statement, longer(proof)), 'bytes are left over');
  assert.equal(reasonOf(longer(statement), proof), 'bytes are left over');
  for (let length = 0; length < statement.length; length += 7) {
    assert.notEqual(reasonOf(statement.slice(0, length), proof), undefined);
  }
  for (let length = 0; length < proof.length; length += 501) {
    assert.equal(reasonOf(statement, proof.slice(0, length)), 'too short');
  }
});

test('a field element that is not below p is refused', () => {
  const { statement, proof } = honest;
  const last = honest.statement.slice();
  last.set([255, 255, 255, 255], last.length - 4);
  assert.equal(reasonOf(last, proof), 'a field element is not below p');
  const sums = proof.slice();
  sums.set([1, 0, 0, 0x78], 8 + 5 * 2048);
  assert.equal(reasonOf(statement, sums), 'a field element is not below p');
});

test('no bytes make the verifier throw', () => {
  const { statement, proof } = honest;
  const bytes = fc.uint8Array({ maxLength: 1_000 });
  fc.assert(fc.property(bytes, bytes, (a, b) => reasonOf(a, b) !== undefined));
  const edit = fc.record({ offset: fc.nat(), value: fc.integer({ min: 0, max: 255 }) });
  const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
  const apply = (source: Uint8Array, list: { offset: number; value: number }[]) => {
    const copy = source.slice();
    for (const { offset, value } of list) copy[offset % copy.length] = value;
    return copy;
  };
  fc.assert(
    fc.property(edits, edits, (one, two) => {
      const verdict = verifyReference(apply(statement, one), apply(proof, two), SAMPLE_ACCEPTED);
      assert.equal(typeof verdict.ok, 'boolean');
    }),
  );
});

test('other parameters and another AIR are refused', () => {
  const { statement, proof } = honest;
  const digest = { ...SAMPLE_ACCEPTED, airDigest: new Uint8Array(32) };
  assert.deepEqual(verifyReference(statement, proof, digest), { ok: false, reason: 'another AIR' });
  const verdict = verifyReference(statement, proof, {
    airDigest: SAMPLE_AIR_DIGEST,
    parameters: PARAMETERS,
  });
  assert.deepEqual(verdict, { ok: false, reason: 'parameters that are not accepted' });
  const low = [{ ...SAMPLE_PARAMETERS, maxLogHeight: 11 }];
  const small = verifyReference(statement, proof, { ...SAMPLE_ACCEPTED, parameters: low });
  assert.equal(small.ok, false);
});

function cheat(hooks: Hooks, trace = sampleTrace()): string | undefined {
  const { statement, proof } = proveReference(trace, SAMPLE_CLAIM, hooks);
  return reasonOf(statement, proof);
}

const bump = (elements: Element[], index: number) => {
  elements[index] = add(at(elements, index), ONE);
};

test('a prover that claims what does not hold is refused at the step that shows it', () => {
  const richer = sampleTrace();
  // The top bit of an account's quote after the part.
  richer.after.put(4, 17, 1n);
  assert.equal(cheat({}, richer), 'the constraints do not hold at zeta');
  const unbalanced = sampleTrace();
  unbalanced.before.put(2, 2, 11n);
  assert.equal(cheat({}, unbalanced), 'the sums do not add up to 0');
  const hidden = (sums: Element[]) => sums.splice(0, 1, sums.slice(1).reduce(add).map(negated));
  assert.equal(cheat({ sums: hidden }, unbalanced), 'the constraints do not hold at zeta');
  const moved = cheat({ values: (values) => bump(at(values, 2).here, 3) });
  assert.equal(moved, 'the constraints do not hold at zeta');
  const unpinned = cheat({
    statement: (one) => {
      const pinned = [...one.after.pinned];
      bump(pinned, 4);
      return { ...one, after: { ...one.after, pinned } };
    },
  });
  assert.equal(unpinned, 'not the final polynomial');
  const smooth = (values: readonly Wide[], index: number) =>
    index === 1 ? values.map(() => wideOf(0)) : values;
  assert.equal(cheat({ layer: smooth }), 'a layer has another value');
  assert.equal(cheat({ final: (last) => bump(last, 0) }), 'not the final polynomial');
});

function negated(part: bigint): bigint {
  return part === 0n ? 0n : 2_013_265_921n - part;
}

test('a prover that does no work is refused', () => {
  const parameters = { ...SAMPLE_PARAMETERS, grindingBits: 32 };
  const claim = { ...SAMPLE_CLAIM, parameters };
  const { statement, proof } = proveReference(sampleTrace(), claim, { skipGrinding: true });
  const verdict = verifyReference(statement, proof, {
    airDigest: SAMPLE_AIR_DIGEST,
    parameters: [parameters],
  });
  assert.deepEqual(verdict, { ok: false, reason: 'the nonce shows no work' });
});

/** A part that opens many accounts with deposits. */
function depositsTo(count: number, known: number) {
  const account = (id: number) => ({ id, base: BigInt(id), quote: 0n });
  const accounts = Array.from({ length: known }, (_, id) => account(id));
  const records = Array.from({ length: count }, (_, i) => {
    return { kind: 4, a: 0, b: 2 + i, price: 0n, dBase: BigInt(i) << 20n, dQuote: 0n };
  });
  return traceOf(records, accounts);
}

test('tables of other heights, and the other blowup', () => {
  const parameters = { logBlowup: 3, queries: 8, grindingBits: 0, maxLogHeight: 12 };
  const claim = { ...SAMPLE_CLAIM, count: 200, parameters };
  const trace = depositsTo(200, 80);
  assert.deepEqual([trace.after.logHeight, trace.before.logHeight], [8, 7]);
  const { statement, proof } = proveReference(trace, claim);
  const accepted = { airDigest: SAMPLE_AIR_DIGEST, parameters: [parameters] };
  assert.deepEqual(verifyReference(statement, proof, accepted), { ok: true });
});

test('tables of one height', () => {
  const trace = depositsTo(2_100, 2_060);
  assert.deepEqual([trace.after.logHeight, trace.before.logHeight], [12, 12]);
  const { statement, proof } = proveReference(trace, { ...SAMPLE_CLAIM, count: 2_100 });
  assert.equal(reasonOf(statement, proof), undefined);
});
