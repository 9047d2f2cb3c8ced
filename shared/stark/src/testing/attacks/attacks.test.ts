import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kernel } from '../../kernel/kernel.ts';
import { readKernelModule } from '../../kernel/module-node.ts';
import { PartShape } from '../../proof/part-shape.ts';
import { decodeStatement } from '../../statement/part-statement.ts';
import { verifyReference } from '../reference/verify.ts';
import { type Attack, failureOf, verdictsOn } from './attack.ts';
import { Forger } from './prover-attacks.ts';
import { proofSections, type Section, statementSections } from './sections.ts';

/** SPEC section 7. */
const COUNT_OFFSET = 12 + 64 + 24;
const forger = new Forger(new Kernel(await readKernelModule()));
const honest = forger.honest();

test('what is attacked is accepted by both verifiers', () => {
  for (const part of [honest, forger.other()]) {
    assert.deepEqual(verdictsOn(part), { code: undefined, secondRefuses: false });
  }
});

test('every byte of a statement and of a proof is of one class', () => {
  const decoded = decodeStatement(honest.statement);
  assert.ok(decoded.ok);
  const { sections, queries } = proofSections(new PartShape(decoded.value));
  const lengthsAre = (all: readonly Section[], length: number) => {
    const spans = all.flatMap((section) => section.spans).sort((a, b) => a.offset - b.offset);
    const end = spans.reduce((at, span) => {
      assert.equal(span.offset, at);
      return at + span.length;
    }, 0);
    assert.equal(end, length);
  };
  lengthsAre(statementSections(), honest.statement.length);
  lengthsAre(sections, honest.proof.length);
  const { queries: count } = decoded.value.parameters;
  assert.equal(queries.start + count * queries.length, honest.proof.length);
});

test('both verifiers have the same bounds of a count', () => {
  const reasons = [0, 131_072].map((count) => {
    const statement = honest.statement.slice();
    new DataView(statement.buffer).setUint32(COUNT_OFFSET, count, true);
    const accepted = { airDigest: new Uint8Array(32), parameters: [] };
    const second = verifyReference(statement, honest.proof, accepted);
    return [verdictsOn({ ...honest, statement }).code, second.ok ? '' : second.reason];
  });
  const refused = ['STATEMENT_FORMAT', 'a part has 1 to 131,071 records'];
  assert.deepEqual(reasons, [refused, refused]);
});

test('an attack that succeeds, or fails for another reason, is told', () => {
  const attack = (aims: Attack['aims'], forge: Attack['forge']): Attack => {
    return { group: 'some', name: 'one', aims, forge };
  };
  const cut = () => ({ ...honest, proof: honest.proof.slice(1) });
  assert.equal(failureOf(attack(['PROOF_FORMAT'], cut)), undefined);
  assert.match(failureOf(attack(['ROOT'], cut)) ?? '', /^some: one: refused by PROOF_FORMAT, not/);
  assert.equal(failureOf(attack(['ROOT'], () => honest)), 'some: one: accepted');
  const thrown = () => {
    throw new Error('no such trace');
  };
  assert.match(failureOf(attack(['ROOT'], thrown)) ?? '', /ended with Error: no such trace/);
});
