import { sha256 } from '@noble/hashes/sha2.js';
import { applyDelta, netDeltas } from '../account-diffs.ts';
import { AccountTree, EMPTY_ROOT } from '../account-tree.ts';
import { accountAccumulator, batchAccumulator, type Challenge } from '../accumulator.ts';
import { assert } from '../assert.ts';
import { hexToBytes } from '../bytes.ts';
import { type ChainState, chainStateAfter, initialChainState } from '../chain-state.ts';
import { type EpochFile, encodeEpochFile } from '../epoch-file.ts';
import { epochFileName, recordsFileName } from '../epoch-source.ts';
import { encodeGenesis, type Genesis, genesisHash } from '../genesis.ts';
import { type EpochHeader, encodeHeader, HASH_BYTES } from '../header.ts';
import type { TrustedKey } from '../pinned-keys.ts';
import { BackEnd } from '../proof-system.ts';
import {
  type Creation,
  type FeeRates,
  RULES_START,
  type RuleChange,
  rulesHashAfter,
  TIERS,
} from '../rules.ts';
import { encodeRecords, RecordKind, type SettlementRecord } from '../settlement-record.ts';
import { publicKeyOf, signHeader } from '../signature.ts';
import { accountsDigest, accountsSignals, batchDigest, batchSignals } from '../statement.ts';
import {
  digestListHash,
  drawChallenge,
  encodeDigestList,
  type ListedAccounts,
  type ListedBatch,
} from '../transcript.ts';
import { everyKindRates } from './records.ts';
import { createTrapdoorKey, type TrapdoorKey } from './trapdoor-prover.ts';

/** Everything about one epoch that is fixed before the challenge. */
export interface Draft {
  header: EpochHeader;
  changes: RuleChange[];
  batches: (ListedBatch & { readonly records: readonly SettlementRecord[] })[];
  accounts: ListedAccounts[];
}

/** Accumulators by proof, to be claimed and "proved". */
export interface Sums {
  batches: bigint[];
  accounts: bigint[];
}

/** Where a dishonest operator may step in; each hook changes its argument in place. */
export interface Cheats {
  /** Before the digest list is hashed, the header signed and the challenge drawn. */
  readonly draft?: (draft: Draft) => void;
  /** After the digest list is hashed into the header, before it is signed. */
  readonly header?: (header: { -readonly [K in keyof EpochHeader]: EpochHeader[K] }) => void;
  /** After the challenge, before the proofs. */
  readonly sums?: (sums: Sums) => void;
  /** The finished epoch. */
  readonly epoch?: (epoch: EpochFile) => EpochFile;
}

export interface ChainBuilderOptions {
  readonly market?: number;
  readonly name?: string;
  readonly seed?: string;
  readonly batchSize?: number;
  readonly accountsSize?: number;
  readonly genesis?: Partial<Genesis>;
  /** Rates of the creation; none by default. */
  readonly rates?: FeeRates;
}

/** A change of rules without its place. */
export type Unplaced = RuleChange extends infer Change
  ? Change extends RuleChange
    ? Omit<Change, 'record' | 'sequence'>
    : never
  : never;

/** Before the record of this index in the epoch. */
export interface ChangeAt {
  readonly before: number;
  readonly change: Unplaced;
}

/** Builds a signed chain whose proofs hold: honest, or with one cheat that Groth16 cannot see. */
export class ChainBuilder {
  readonly files = new Map<string, Uint8Array>();
  readonly genesis: Genesis;
  readonly genesisHash: Uint8Array;
  readonly batchKey: TrapdoorKey;
  readonly accountsKey: TrapdoorKey;
  readonly secretKey: Uint8Array;
  readonly creation: Creation;
  readonly tree = new AccountTree();
  state: ChainState;
  #epochs = 0;

  constructor(options: ChainBuilderOptions = {}) {
    const seed = options.seed ?? 'chain';
    this.batchKey = createTrapdoorKey('batch', options.batchSize ?? 15, seed);
    this.accountsKey = createTrapdoorKey('accounts', options.accountsSize ?? 4, seed);
    this.secretKey = filled(7);
    this.creation = {
      kind: 'creation',
      ...{ record: 0n, sequence: 1n, maxFeePpm: 100_000 },
      ...(options.rates ?? { makerFeePpm: 0, takerFeePpm: 0 }),
      ...{ priceDecimals: 2, quantityDecimals: 8, baseSymbol: 'BTC', quoteSymbol: 'USD' },
    };
    this.genesis = {
      market: options.market ?? 3,
      name: options.name ?? 'BTC-USD',
      nonce: filled(1),
      operatorKey: publicKeyOf(this.secretKey),
      emptyRoot: EMPTY_ROOT,
      rulesHash: rulesHashAfter(RULES_START, [this.creation]),
      keys: this.trustedKeys.map(({ role, size, digest }) => {
        return { role, size, backEnd: BackEnd.GROTH16, digest: hexToBytes(digest) };
      }),
      ...options.genesis,
    };
    const genesisFile = encodeGenesis(this.genesis);
    this.files.set('genesis.fbg', genesisFile);
    for (const key of [this.batchKey, this.accountsKey]) {
      this.files.set(`keys/${key.trusted.digest}.vk`, key.bytes);
    }
    this.genesisHash = genesisHash(genesisFile);
    this.state = initialChainState(this.genesisHash);
  }

  get trustedKeys(): readonly TrustedKey[] {
    return [this.batchKey.trusted, this.accountsKey.trusted];
  }

  /** Adds an epoch and its records file. */
  addEpoch(
    records: readonly SettlementRecord[],
    cheats: Cheats = {},
    changes: readonly ChangeAt[] = changesFor(records),
  ): void {
    const draft = this.#draft(records, changes);
    cheats.draft?.(draft);
    const digestList = encodeDigestList(draft.batches, draft.accounts);
    const header = {
      ...draft.header,
      batchCount: draft.batches.length,
      accountProofCount: draft.accounts.length,
      changeCount: draft.changes.length,
      rulesHash: rulesHashAfter(this.state.rulesHash, draft.changes),
      digestListHash: digestListHash(digestList),
    };
    cheats.header?.(header);
    const headerBytes = encodeHeader(header);
    const challenge = drawChallenge(headerBytes, this.genesis.keys, digestList);
    assert(challenge !== undefined, 'the challenge is usable');
    const sums = this.#sums(draft, challenge);
    cheats.sums?.(sums);
    const honest = {
      headerBytes,
      signature: signHeader(headerBytes, this.secretKey),
      changes: draft.changes,
      ...this.#prove(draft, header, sums, challenge),
    };
    const epoch = cheats.epoch?.(honest) ?? honest;
    this.files.set(`epochs/${epochFileName(this.#epochs)}`, encodeEpochFile(epoch));
    this.files.set(`epochs/${recordsFileName(this.#epochs)}`, encodeRecords(records));
    this.state = chainStateAfter(header, headerBytes);
    this.#epochs += 1;
  }

  #draft(records: readonly SettlementRecord[], changes: readonly ChangeAt[]): Draft {
    const { state, genesis } = this;
    const { market } = genesis;
    const epoch = state.nextEpoch;
    const batchSize = this.batchKey.trusted.size;
    const batches = chunks(records, batchSize).map((rows, index) => {
      const seq0 = state.recordNext + BigInt(index * batchSize);
      const place = { market, epoch, seq0, count: rows.length };
      const digest = batchDigest(batchSize, place, rows);
      return { ...place, size: batchSize, backEnd: BackEnd.GROTH16, records: rows, digest };
    });
    const accountsSize = this.accountsKey.trusted.size;
    const accounts = chunks(netDeltas(records), accountsSize).map((deltas, index) => {
      // A change that no balance can take leaves the leaf as it is: the root is a lie then.
      for (const delta of deltas) applyDelta(this.tree, delta);
      const place = { market, epoch, seq0: BigInt(index), count: deltas.length };
      const digest = accountsDigest(accountsSize, place, deltas);
      const kind = { size: accountsSize, backEnd: BackEnd.GROTH16 };
      return { ...kind, count: deltas.length, digest, rootOut: this.tree.root() };
    });
    const header = this.#header(records);
    return { header, changes: this.#place(changes), batches, accounts };
  }

  /** Behind the creation, which is the first epoch's first change. */
  #place(changes: readonly ChangeAt[]): RuleChange[] {
    const { nextEpoch, recordNext, sequenceLast } = this.state;
    const isFirst = nextEpoch === 0n;
    const placed = changes.map(({ before, change }, index): RuleChange => {
      const sequence = sequenceLast + BigInt(index + (isFirst ? 2 : 1));
      return { ...change, record: recordNext + BigInt(before), sequence };
    });
    return isFirst ? [this.creation, ...placed] : placed;
  }

  #header(records: readonly SettlementRecord[]): EpochHeader {
    const { state, genesis } = this;
    const recordCount = records.length;
    return {
      market: genesis.market,
      epoch: state.nextEpoch,
      chainId: this.genesisHash,
      previous: state.previousHash,
      rulesHash: genesis.rulesHash,
      logHeadStart: state.logHead,
      logHeadEnd: filled(Number(state.nextEpoch % 100n) + 100),
      logFirst: state.logLast + 2n,
      logLast: state.logLast + 5n,
      sequenceFirst: state.sequenceLast + 1n,
      sequenceLast: state.sequenceLast + BigInt(recordCount) + 40n,
      recordFirst: state.recordNext,
      recordCount,
      batchCount: 0,
      accountProofCount: 0,
      changeCount: 0,
      stateHash: 0x1122334455667788n,
      timeNs: 1_700_000_000_000_000_000n + state.nextEpoch,
      rootOld: state.root,
      rootNew: this.tree.root(),
      digestListHash: filled(0),
      dataDigest: sha256(encodeRecords(records)),
    };
  }

  #sums(draft: Draft, challenge: Challenge): Sums {
    const records = draft.batches.flatMap((batch) => batch.records);
    const deltas = chunks(netDeltas(records), this.accountsKey.trusted.size);
    return {
      batches: draft.batches.map((batch) => batchAccumulator(batch.records, challenge)),
      accounts: draft.accounts.map((_, i) => accountAccumulator(deltas[i] ?? [], challenge)),
    };
  }

  #prove(
    draft: Draft,
    header: EpochHeader,
    sums: Sums,
    challenge: Challenge,
  ): Pick<EpochFile, 'batches' | 'accounts'> {
    const { market, epoch } = header;
    const batches = draft.batches.map(({ seq0, count, size, backEnd, digest }, index) => {
      const acc = sums.batches[index] ?? 0n;
      const place = { market, epoch, seq0, count };
      const signals = batchSignals(size, place, { digest, acc }, challenge);
      return { backEnd, size, count, digest, acc, proof: this.batchKey.prove(signals) };
    });
    let rootIn = header.rootOld;
    const accounts = draft.accounts.map(({ count, size, backEnd, digest, rootOut }, index) => {
      const acc = sums.accounts[index] ?? 0n;
      const place = { market, epoch, seq0: BigInt(index), count };
      const claim = { rootIn, rootOut, digest, acc };
      const signals = accountsSignals(size, place, claim, challenge);
      rootIn = rootOut;
      const proof = this.accountsKey.prove(signals);
      return { backEnd, size, count, rootOut, acc, digest, proof };
    });
    return { batches, accounts };
  }
}

/** The rates of `everyKind` for the trades that have a fee, no rates for the others. */
function changesFor(records: readonly SettlementRecord[]): ChangeAt[] {
  return records.flatMap(({ kind }, before): ChangeAt[] => {
    const isCharged = kind === RecordKind.TRADE && records[before + 1]?.kind === RecordKind.FEE;
    if (!isCharged) return [];
    const { takerFeePpm } = everyKindRates;
    const fees = (tier: number, rates: FeeRates): Unplaced => ({ kind: 'fees', tier, ...rates });
    // Every tier's taker first: a rebate has to be covered whoever the taker is.
    const covering = Array.from({ length: TIERS }, (_, tier): ChangeAt => {
      return { before, change: fees(tier, { makerFeePpm: 0, takerFeePpm }) };
    });
    return [
      ...covering,
      { before, change: fees(0, everyKindRates) },
      { before: before + 1, change: fees(0, { makerFeePpm: 0, takerFeePpm: 0 }) },
    ];
  });
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** 32 equal bytes, a stand-in for a hash or a key. */
export function filled(byte: number): Uint8Array {
  return new Uint8Array(HASH_BYTES).fill(byte);
}
