/** STARK chains of the real prover, followed and refused; each refusal by its reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AccountCommitment,
  commitmentDigest,
  decodeStatement,
  encodeStatement,
  genesisDigest,
  type PartStatement,
} from '@foldbook/stark/verify';
import { sha256 } from '@noble/hashes/sha2.js';
import { at } from '../assert.ts';
import { bytesToHex } from '../bytes.ts';
import { packRecords } from '../packed-records.ts';
import type { ReasonCode } from '../reason-codes.ts';
import { signHeader } from '../signature.ts';
import { filled } from '../testing/chain-draft.ts';
import { decoded } from '../testing/decoded.ts';
import { memorySource } from '../testing/memory-store.ts';
import { everyKind, record, trades } from '../testing/records.ts';
import { StarkChainBuilder, type StarkChainOptions } from '../testing/stark-chain-builder.ts';
import { type ChainOptions, verifyChain } from '../verify-chain.ts';
import type { PartCommitments } from './check-data.ts';
import {
  decodeStarkEpochFile,
  encodeStarkEpochFile,
  partsHash,
  type StarkPart,
} from './epoch-file.ts';
import { encodeStarkHeader, type StarkHeader } from './header.ts';
import { kernelCommitments } from './kernel-commitments.ts';

type Files = Map<string, Uint8Array>;
type Changeable<T> = { -readonly [K in keyof T]: T[K] };

/** Two parts, an epoch without records, a part. */
const chain = new StarkChainBuilder({ partRecords: 5 });
chain.addEpoch(everyKind);
chain.addEpoch([]);
chain.addEpoch(trades(3));
const commitments = kernelCommitments;

const verify = (files: ReadonlyMap<string, Uint8Array>, options: ChainOptions = {}) =>
  verifyChain(memorySource(files), options);

async function refusal(files: Files, options: ChainOptions = { commitments }) {
  const result = await verify(files, options);
  assert(!result.ok, 'it was accepted');
  const { code, part, epoch } = result.firstFailure;
  return { code, part, epoch };
}

interface Draft {
  readonly header: Changeable<StarkHeader>;
  parts: StarkPart[];
}

/** The chain with an epoch that its operator wrote otherwise, hashed and signed again. */
function rewritten(change: (draft: Draft) => void, epoch = 0, keepHash = false): Files {
  const name = `epochs/0000000${epoch}.fbe`;
  const file = decoded(decodeStarkEpochFile(chain.files.get(name) ?? new Uint8Array()));
  const draft: Draft = { header: { ...file.header }, parts: [...file.parts] };
  change(draft);
  const { header, parts } = draft;
  header.partCount = parts.length;
  if (!keepHash) header.digestListHash = partsHash(parts.map(({ statement }) => statement));
  const headerBytes = encodeStarkHeader(header);
  const signature = signHeader(headerBytes, chain.secretKey);
  const { changes } = file;
  return new Map(chain.files).set(
    name,
    encodeStarkEpochFile({ headerBytes, signature, changes, parts }),
  );
}

/** With one statement changed. */
const claimed = (index: number, change: (claim: Changeable<PartStatement>) => void) =>
  rewritten(({ parts }) => {
    const part = at(parts, index);
    const read = decodeStatement(part.statement);
    assert(read.ok);
    const claim = { ...read.value };
    change(claim);
    parts[index] = { ...part, statement: encodeStatement(claim) };
  });

function partsOf(epoch: number, files: ReadonlyMap<string, Uint8Array> = chain.files) {
  const file = files.get(`epochs/0000000${epoch}.fbe`) ?? new Uint8Array();
  return decoded(decodeStarkEpochFile(file)).parts;
}

test('a chain is followed from genesis on, with its records and without', async () => {
  const data = await verify(chain.files, { commitments });
  assert(data.ok);
  const { level, backend, proofs, epochs, devKeys, securityBits, accounts } = data;
  assert.deepEqual(
    { level, backend, proofs, epochs },
    { level: 'data', backend: 'stark', proofs: 3, epochs: 3 },
  );
  assert(!devKeys && (securityBits ?? 0) >= 100);
  assert.deepEqual(accounts, chain.accounts);
  assert.equal(data.toRoot, bytesToHex(chain.state.root));
  assert.deepEqual(data.recordRange, { first: 0n, count: 10n });
  assert(data.shown.some((claim) => claim.includes("bound by their trees' roots")));
  assert(data.notShown.some((claim) => claim.includes('nobody outside has reviewed')));
  assert(data.notShown.some((claim) => claim.includes('stay hidden')));

  const settlement = await verify(chain.files, { from: 1 });
  assert(settlement.ok);
  assert.deepEqual([settlement.level, settlement.proofs], ['settlement', 1]);
  assert(settlement.accounts === undefined);
  assert(settlement.notShown.some((claim) => claim.includes('nothing that commits to them')));
  assert(settlement.notShown.some((claim) => claim.includes('plain trees')));
  await assert.rejects(verify(chain.files, { level: 'data' }), /come with what commits to records/);
  const none = await verify(chain.files, { from: 1, to: 1 });
  assert(none.ok && none.backend === 'none' && none.securityBits === undefined);
});

test('parts that are missing, elsewhere, or of another chain or prover', async () => {
  const other = at(partsOf(2), 0);
  const cases: [Files, ReasonCode, string][] = [
    [rewritten((draft) => draft.parts.pop()), 'PART_TILING', 'parts'],
    [rewritten((draft) => draft.parts.reverse()), 'PART_PLACE', 'part 0'],
    [rewritten((draft) => (draft.parts[0] = other)), 'PART_PLACE', 'part 0'],
    [claimed(0, (claim) => (claim.chainId = filled(9))), 'PART_CHAIN', 'part 0'],
    [claimed(1, (claim) => (claim.market += 1)), 'PART_PLACE', 'part 1'],
    [claimed(1, (claim) => (claim.recordFirst += 1n)), 'PART_TILING', 'part 1'],
    [claimed(1, (claim) => (claim.count += 1)), 'PART_TILING', 'parts'],
    [claimed(1, (claim) => (claim.airDigest = filled(9))), 'PART_CONSTRAINTS', 'part 1'],
    [
      claimed(0, (claim) => (claim.parameters = { ...claim.parameters, queries: 1 })),
      'PART_PARAMETERS',
      'part 0',
    ],
  ];
  for (const [files, code, part] of cases) {
    assert.deepEqual(await refusal(files, {}), { code, part, epoch: 0 });
  }
  const statement = at(partsOf(0), 0).statement.slice().fill(0, 0, 1);
  const malformed = rewritten(({ parts }) => (parts[0] = { ...at(parts, 0), statement }));
  assert.equal((await refusal(malformed, {})).code, 'PART_FORMAT');
});

test('roots that do not chain, and a header that is not the signed one', async () => {
  const others = (commitment: AccountCommitment) => ({ ...commitment, root: filled(9) });
  const cases: [Files, ReasonCode][] = [
    [claimed(0, (claim) => (claim.before = others(claim.before))), 'PART_ACCOUNTS'],
    [claimed(1, (claim) => (claim.before = others(claim.before))), 'PART_ACCOUNTS'],
    [claimed(1, (claim) => (claim.after = others(claim.after))), 'ROOT_FINAL'],
    [rewritten(({ header }) => (header.rootOld = filled(9))), 'ROOT_CHAIN'],
    [rewritten(({ header }) => (header.rootNew = filled(9))), 'ROOT_FINAL'],
    [rewritten(({ header }) => (header.digestListHash = filled(9)), 0, true), 'DIGEST_LIST'],
    [rewritten(({ header }) => (header.chainId = filled(9))), 'CHAIN_ID'],
  ];
  for (const [files, code] of cases) assert.equal((await refusal(files, {})).code, code);
  // Epochs without records move nothing.
  const moved = rewritten(({ header }) => (header.rootNew = filled(9)), 1);
  assert.deepEqual(await refusal(moved, {}), { code: 'ROOT_FINAL', part: 'parts', epoch: 1 });
  const plain = rewritten(({ header }) => (header.accountsRoot = filled(9)), 1);
  assert.deepEqual(await refusal(plain, {}), { code: 'PLAIN_ROOT', part: 'header', epoch: 1 });
  const first = new StarkChainBuilder();
  first.addEpoch([], { header: (header) => (header.accountsRoot = filled(9)) });
  assert.equal((await refusal(first.files, {})).code, 'PLAIN_ROOT');
  const name = 'epochs/00000000.fbe';
  const file = (chain.files.get(name) ?? new Uint8Array()).slice();
  file[300] = (file[300] ?? 0) ^ 1;
  const forged = new Map(chain.files).set(name, file);
  assert.equal((await refusal(forged, {})).code, 'HEADER_SIGNATURE');
});

test('proofs that do not show their statements', async () => {
  const [first, second] = partsOf(0);
  assert(first && second);
  const flipped = first.proof.slice();
  flipped[2_000] = (flipped[2_000] ?? 0) ^ 1;
  const cases: [Files, ReasonCode, string][] = [
    [
      rewritten(({ parts }) => (parts[0] = { ...first, proof: second.proof })),
      'STARK_REFUSED',
      'part 0',
    ],
    [
      rewritten(({ parts }) => (parts[0] = { ...first, proof: flipped })),
      'STARK_REFUSED',
      'part 0',
    ],
    [
      rewritten(({ parts }) => (parts[1] = { ...second, proof: second.proof.subarray(1) })),
      'PROOF_FORMAT',
      'part 1',
    ],
    [claimed(0, (claim) => (claim.recordRoot = filled(9))), 'STARK_REFUSED', 'part 0'],
  ];
  for (const [files, code, part] of cases) {
    assert.deepEqual(await refusal(files, { to: 0 }), { code, part, epoch: 0 });
  }
  // They are not looked at where nobody asked for them.
  const unseen = rewritten(({ parts }) => (parts[0] = { ...first, proof: flipped }));
  assert((await verify(unseen, { from: 1, to: 1 })).ok);
});

/** The chain with other records for its first epoch, which its header names. */
function published(change: (records: typeof everyKind) => typeof everyKind): Files {
  const file = packRecords(change(everyKind));
  const files = rewritten(({ header }) => (header.dataDigest = sha256(file)));
  files.delete('epochs/00000000.fbd');
  return files.set('epochs/00000000.fbr', file);
}

test('records and balances that are not those of the parts', async () => {
  const more = record.depositBase(2, 1_001);
  const higher = claimed(1, (claim) => (claim.after = { ...claim.after, logHeight: 7 }));
  const { statement } = at(partsOf(0, higher), 1);
  const read = decodeStatement(statement);
  assert(read.ok);
  const root = commitmentDigest(read.value.after);
  const balances = rewritten(({ header, parts }) => {
    parts[1] = { ...at(parts, 1), statement };
    header.rootNew = root;
  });
  const overdrawn = record.withdrawBase(3, 10_000);
  const cases: [Files, ReasonCode, string][] = [
    [published(([, ...rest]) => [more, ...rest]), 'PART_RECORDS', 'part 0'],
    [published((records) => [...records.slice(0, -1), overdrawn]), 'PART_RECORDS', 'part 1'],
    [published((records) => records.slice(1)), 'RECORDS_COUNT', 'records'],
    [rewritten(({ header }) => (header.dataDigest = filled(9))), 'DATA_DIGEST', 'records'],
    [rewritten(({ header }) => (header.accountsRoot = filled(9))), 'PLAIN_ROOT', 'header'],
    [balances, 'PART_BALANCES', 'part 1'],
  ];
  for (const [files, code, part] of cases) {
    assert.deepEqual(await refusal(files, { to: 0, commitments }), { code, part, epoch: 0 });
  }
  // A table of another height than is claimed may be one that no kernel has memory for.
  const own = await commitments(chain.genesis.parameters.logBlowup);
  let tables = 0;
  const counted: PartCommitments = {
    recordRoot: (records) => own.recordRoot(records),
    accounts: (table) => {
      tables += 1;
      return own.accounts(table);
    },
  };
  const seen = await refusal(balances, { to: 0, commitments: async () => counted });
  assert.deepEqual([seen.code, seen.part, tables], ['PART_BALANCES', 'part 1', 1]);
});

test('a genesis with other constraints, weak parameters or accounts of its own', async () => {
  const weak = { logBlowup: 2, queries: 60, grindingBits: 20 };
  const cases: [StarkChainOptions['genesis'], ReasonCode][] = [
    [{ airDigest: filled(9) }, 'GENESIS_CONSTRAINTS'],
    [{ parameters: weak }, 'GENESIS_PARAMETERS'],
    [{ emptyRoot: genesisDigest(3) }, 'GENESIS_EMPTY_ROOT'],
  ];
  for (const [genesis = {}, code] of cases) {
    const { files } = new StarkChainBuilder({ genesis });
    assert.deepEqual(await refusal(files), { code, part: 'genesis', epoch: undefined });
  }
});
