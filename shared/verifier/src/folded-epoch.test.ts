/** Epochs whose proofs are folded, all of them or some, within a chain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from './assert.ts';
import { decodeEpochFile, type EpochFile, encodeEpochFile } from './epoch-file.ts';
import { BackEnd } from './proof-system.ts';
import { ChainBuilder, type Cheats, type Draft } from './testing/chain-builder.ts';
import { checkDecoder } from './testing/fuzz.ts';
import { memorySource } from './testing/memory-store.ts';
import { everyKind, trades } from './testing/records.ts';
import { type ChainOptions, verifyChain } from './verify-chain.ts';

const fold = <Proof extends { readonly backEnd: number }>(proof: Proof): Proof => {
  return { ...proof, backEnd: BackEnd.FOLDING };
};
const allFolded = (draft: Draft): void => {
  draft.batches = draft.batches.map(fold);
  draft.accounts = draft.accounts.map(fold);
};
/** The second batch by Groth16, and all account proofs. */
const mixed = (draft: Draft): void => {
  draft.batches = draft.batches.map((batch, index) => (index === 1 ? batch : fold(batch)));
};

function built(second: Cheats, first: Cheats = { draft: allFolded }): ChainBuilder {
  const chain = new ChainBuilder({ folds: true });
  chain.addEpoch(everyKind, first);
  chain.addEpoch(trades(40), second);
  return chain;
}

const check = (chain: ChainBuilder, options: ChainOptions = {}) =>
  verifyChain(memorySource(chain.files), { trustedKeys: chain.trustedKeys, ...options });

async function refusal(chain: ChainBuilder, options: ChainOptions = {}) {
  const result = await check(chain, options);
  assert(!result.ok);
  return [result.firstFailure.code, result.firstFailure.part];
}

test('a chain whose proofs are all folded rests on no development key', async () => {
  for (const level of ['settlement', 'data'] as const) {
    const result = await check(built({ draft: allFolded }), { level });
    assert(result.ok);
    assert.deepEqual([result.proofs, result.backend, result.devKeys], [6, 'folding', false]);
    assert(!result.notShown.some((claim) => claim.includes('INSECURE')));
    assert(result.shown.some((claim) => claim.startsWith('conservation')));
  }
});

test('back ends may differ within an epoch, and from one to the next', async () => {
  const result = await check(built({ draft: mixed }));
  assert(result.ok);
  assert.deepEqual([result.backend, result.devKeys], ['mixed', true]);
  assert(result.folded > 0 && result.folded < result.proofs);
  const groth16 = await check(built({}, {}));
  assert(groth16.ok);
  assert.deepEqual([groth16.backend, groth16.devKeys], ['groth16', true]);
  const last = await check(built({ draft: allFolded }, {}), { from: 1, level: 'settlement' });
  assert(last.ok);
  assert.deepEqual([last.backend, last.devKeys], ['folding', false]);
  const chain = built({ draft: allFolded });
  chain.addEpoch([]);
  const empty = await check(chain, { from: 2 });
  assert(empty.ok);
  assert.deepEqual([empty.proofs, empty.backend], [0, 'none']);
  assert(last.notShown.some((claim) => claim.startsWith('the proofs of epochs 0 to 0')));
});

type Edit = (epoch: EpochFile) => EpochFile;
const withPart =
  (which: number, change: (proof: Uint8Array) => Uint8Array): Edit =>
  (epoch) => {
    const folded = epoch.folded ?? [];
    const part = at(folded, which);
    return { ...epoch, folded: folded.with(which, { ...part, proof: change(part.proof) }) };
  };
const flipped = (offset: number) => (proof: Uint8Array) =>
  proof.with(offset, at(proof, offset) ^ 1);
const swapped: Edit = (epoch) => {
  const [a, b, ...others] = epoch.batches;
  assert(a !== undefined && b !== undefined);
  const batches = [{ ...a, proof: b.proof }, { ...b, proof: a.proof }, ...others];
  return { ...epoch, batches };
};
const edits: readonly (readonly [string, string, string, Edit])[] = [
  [
    'a step of the batches',
    'FOLD_REFUSED',
    'folded batch proofs of 15 rows',
    withPart(0, flipped(31)),
  ],
  [
    'the opening of the account proofs',
    'FOLD_OPENING',
    'folded accounts proofs of 4 rows',
    withPart(1, (proof) => flipped(proof.length - 1)(proof)),
  ],
  [
    'no steps',
    'PROOF_FORMAT',
    'folded batch proofs of 15 rows',
    withPart(0, () => new Uint8Array()),
  ],
  ['two commitments', 'FOLD_REFUSED', 'folded batch proofs of 15 rows', swapped],
  [
    'a commitment that is none',
    'PROOF_FORMAT',
    'batch 1',
    (epoch) => {
      const batch = { ...at(epoch.batches, 1), proof: new Uint8Array(32) };
      return { ...epoch, batches: epoch.batches.with(1, batch) };
    },
  ],
];
for (const [name, code, part, epoch] of edits) {
  test(`changed in an epoch: ${name}`, async () => {
    assert.deepEqual(await refusal(built({ draft: allFolded, epoch })), [code, part]);
  });
}

test('accumulators that are not those that were folded', async () => {
  // Both sides move, so that the epoch's equation holds.
  const sums: Cheats['sums'] = (given) => {
    given.batches[0] = at(given.batches, 0) + 1n;
    given.accounts[0] = at(given.accounts, 0) + 1n;
  };
  const lie = built({ draft: allFolded, sums });
  assert((await check(lie, { level: 'settlement' })).ok, 'any signals satisfy the test circuit');
  assert.deepEqual((await refusal(lie, { level: 'data' }))[0], 'BATCH_ACCUMULATOR');
  const epoch: Edit = ({ batches, accounts, ...others }) => {
    const shift = <Proof extends { readonly acc: bigint }>(proof: Proof): Proof => {
      return { ...proof, acc: proof.acc + 1n };
    };
    const [batch, account] = [shift(at(batches, 0)), shift(at(accounts, 0))];
    return { ...others, batches: batches.with(0, batch), accounts: accounts.with(0, account) };
  };
  const code = await refusal(built({ draft: allFolded, epoch }), { level: 'settlement' });
  assert.deepEqual(code, ['FOLD_REFUSED', 'folded batch proofs of 15 rows']);
});

test('a folded proof of an epoch before', async () => {
  const chain = built({ draft: allFolded });
  const decoded = decodeEpochFile(chain.files.get('epochs/00000000.fbe') ?? new Uint8Array());
  assert(decoded.ok);
  const epoch: Edit = (now) => ({ ...now, folded: decoded.value.folded });
  assert.equal((await refusal(built({ draft: allFolded, epoch })))[0], 'PROOF_FORMAT');
});

test('the file of an epoch has one form', () => {
  const bytes = built({ draft: mixed }).files.get('epochs/00000001.fbe') ?? new Uint8Array();
  const decoded = decodeEpochFile(bytes);
  assert(decoded.ok);
  assert.deepEqual(
    decoded.value.folded.map(({ role, size }) => [role, size]),
    [['batch', 15]],
  );
  checkDecoder(bytes, decodeEpochFile, encodeEpochFile, 200);
  const huge = bytes.slice();
  const length = at(decoded.value.folded, 0).proof.length;
  huge.set([0xff, 0xff, 0xff, 0xff], huge.length - length - 4);
  assert(!decodeEpochFile(huge).ok);
});

test('shapes that are not there, not trusted, damaged, or of other signals', async () => {
  const chain = built({ draft: allFolded });
  const [name] = [...chain.files.keys()].filter((file) => file.endsWith('.shape'));
  assert(name !== undefined);
  const file = chain.files.get(name) ?? new Uint8Array();
  const groth16 = chain.trustedKeys.filter(({ backEnd }) => backEnd === undefined);
  assert.deepEqual(await refusal(chain, { trustedKeys: groth16 }), ['KEY_UNKNOWN', 'keys']);
  // Not parsed before its digest is the genesis's: any file could be large there.
  for (const damaged of [file.slice(1), new Uint8Array(100), new Uint8Array()]) {
    chain.files.set(name, damaged);
    assert.equal((await refusal(chain))[0], 'KEY_DIGEST');
  }
  const other = [...chain.files.entries()].find(([key]) => key.endsWith('.shape') && key !== name);
  chain.files.set(name, other?.[1] ?? file);
  assert.equal((await refusal(chain))[0], 'KEY_DIGEST');
  chain.files.delete(name);
  assert.equal((await refusal(chain))[0], 'KEY_MISSING');
});
