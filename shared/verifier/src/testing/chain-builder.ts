import { sha256 } from '@noble/hashes/sha2.js';
import { applyDelta, netDeltas } from '../account-diffs.ts';
import { AccountTree, EMPTY_ROOT } from '../account-tree.ts';
import { accountAccumulator, batchAccumulator, type Challenge } from '../accumulator.ts';
import { assert, at } from '../assert.ts';
import { bytesToHex, hexToBytes } from '../bytes.ts';
import { type ChainState, chainStateAfter, initialChainState } from '../chain-state.ts';
import { type EpochFile, encodeEpochFile, type FoldedPart } from '../epoch-file.ts';
import { epochFileName } from '../epoch-source.ts';
import { encodeGenesis, type Genesis, genesisHash } from '../genesis.ts';
import { type EpochHeader, encodeHeader } from '../header.ts';
import {
  encodeKeyChanges,
  KEY_CHANGES_FILE,
  type KeyChange,
  signKeyChange,
} from '../key-changes.ts';
import { type OperatorKeys, operatorKeys } from '../operator-keys.ts';
import { packRecords } from '../packed-records.ts';
import type { TrustedKey } from '../pinned-keys.ts';
import type { CircuitRole } from '../poseidon.ts';
import { BackEnd, compareKinds } from '../proof-system.ts';
import {
  type Creation,
  type FeeRates,
  RULES_START,
  type RuleChange,
  rulesHashAfter,
} from '../rules.ts';
import type { SettlementRecord } from '../settlement-record.ts';
import { publicKeyOf, signHeader } from '../signature.ts';
import {
  ACCOUNTS_SIGNALS,
  accountsDigest,
  accountsSignals,
  BATCH_SIGNALS,
  batchDigest,
  batchSignals,
} from '../statement.ts';
import {
  digestListHash,
  drawChallenge,
  encodeDigestList,
  type ListedAccounts,
  type ListedBatch,
} from '../transcript.ts';
import {
  type ChangeAt,
  changesFor,
  creationOf,
  dataFiles,
  filled,
  placeChanges,
  plannedHeader,
} from './chain-draft.ts';
import { compressPoint, FoldModel, type ModelInstance } from './fold-model.ts';
import { openShape } from './tiny-shape.ts';
import { createTrapdoorKey, type TrapdoorKey } from './trapdoor-prover.ts';

export { filled } from './chain-draft.ts';

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
  /** Records that are published in the place of those that are proved. */
  readonly published?: readonly SettlementRecord[];
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
  /** The genesis has shapes too, of circuits that any signals satisfy: a draft may fold proofs. */
  readonly folds?: boolean;
  /** Rates of the creation; none by default. */
  readonly rates?: FeeRates;
}

/** Builds a signed chain whose proofs hold: honest, or with one cheat that Groth16 cannot see. */
export class ChainBuilder {
  readonly files = new Map<string, Uint8Array>();
  readonly genesis: Genesis;
  readonly genesisHash: Uint8Array;
  readonly batchKey: TrapdoorKey;
  readonly accountsKey: TrapdoorKey;
  /** Of batches and of account proofs; none unless the chain folds. */
  readonly models: readonly FoldModel[];
  readonly secretKey: Uint8Array;
  readonly creation: Creation;
  readonly tree = new AccountTree();
  state: ChainState;
  keyChanges: readonly KeyChange[] = [];
  readonly #secrets: { readonly secret: Uint8Array; readonly firstEpoch: bigint }[] = [];
  #epochs = 0;

  constructor(options: ChainBuilderOptions = {}) {
    const seed = options.seed ?? 'chain';
    this.batchKey = createTrapdoorKey('batch', options.batchSize ?? 15, seed);
    this.accountsKey = createTrapdoorKey('accounts', options.accountsSize ?? 4, seed);
    const shapes = [openShape(BATCH_SIGNALS), openShape(ACCOUNTS_SIGNALS)];
    this.models = options.folds === true ? shapes.map((shape) => new FoldModel(shape)) : [];
    this.secretKey = filled(7);
    this.creation = creationOf(options.rates);
    this.genesis = {
      market: options.market ?? 3,
      name: options.name ?? 'BTC-USD',
      nonce: filled(1),
      operatorKey: publicKeyOf(this.secretKey),
      emptyRoot: EMPTY_ROOT,
      rulesHash: rulesHashAfter(RULES_START, [this.creation]),
      keys: this.trustedKeys
        .map(({ role, size, digest, backEnd = BackEnd.GROTH16 }) => {
          return { role, size, backEnd, digest: hexToBytes(digest) };
        })
        .sort(compareKinds),
      ...options.genesis,
    };
    const genesisFile = encodeGenesis(this.genesis);
    this.files.set('genesis.fbg', genesisFile);
    for (const key of [this.batchKey, this.accountsKey]) {
      this.files.set(`keys/${key.trusted.digest}.vk`, key.bytes);
    }
    for (const { digest, file } of this.models) {
      this.files.set(`keys/${bytesToHex(digest)}.shape`, file);
    }
    this.genesisHash = genesisHash(genesisFile);
    this.state = initialChainState(this.genesisHash);
  }

  /** Changes the operator's key to that of another secret from an epoch on. */
  changeKey(secret: Uint8Array, firstEpoch = this.state.nextEpoch): void {
    const chainId = this.genesisHash;
    const change = signKeyChange({ chainId, firstEpoch }, this.#lastSecret, secret);
    this.#secrets.push({ secret, firstEpoch });
    this.keyChanges = [...this.keyChanges, change];
    this.files.set(KEY_CHANGES_FILE, encodeKeyChanges(this.keyChanges));
  }

  get #lastSecret(): Uint8Array {
    return this.#secrets.at(-1)?.secret ?? this.secretKey;
  }

  get operatorKeys(): OperatorKeys {
    const keys = operatorKeys(this.genesis, this.genesisHash, this.keyChanges);
    assert(keys.ok, 'the changes are sound');
    return keys;
  }

  /** The secret key that signs an epoch. */
  secretOf(epoch: bigint): Uint8Array {
    const term = this.#secrets.findLast(({ firstEpoch }) => firstEpoch <= epoch);
    return term?.secret ?? this.secretKey;
  }

  get trustedKeys(): readonly TrustedKey[] {
    const keys = [this.batchKey.trusted, this.accountsKey.trusted];
    const folded = this.models.map(({ digest }, index) => {
      const { circuit, role, size } = at(keys, index);
      const hex = bytesToHex(digest);
      return { circuit, role, size, backEnd: BackEnd.FOLDING, digest: hex, insecure: false };
    });
    return [...keys, ...folded];
  }

  /** Adds an epoch and its data. */
  addEpoch(
    records: readonly SettlementRecord[],
    cheats: Cheats = {},
    changes: readonly ChangeAt[] = changesFor(records),
  ): void {
    const published = cheats.published ?? records;
    const draft = this.#draft(records, published, changes);
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
      signature: signHeader(headerBytes, this.secretOf(header.epoch)),
      changes: draft.changes,
      ...this.#prove(draft, header, sums, challenge),
    };
    const epoch = cheats.epoch?.(honest) ?? honest;
    this.files.set(`epochs/${epochFileName(this.#epochs)}`, encodeEpochFile(epoch));
    for (const [name, bytes] of dataFiles(this.#epochs, published)) this.files.set(name, bytes);
    this.state = chainStateAfter(header, headerBytes);
    this.#epochs += 1;
  }

  #draft(
    records: readonly SettlementRecord[],
    published: readonly SettlementRecord[],
    changes: readonly ChangeAt[],
  ): Draft {
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
    const fields = plannedHeader(state, {
      ...{ market, chainId: this.genesisHash, rulesHash: genesis.rulesHash },
      ...{ recordCount: records.length, rootNew: this.tree.root() },
      dataDigest: sha256(packRecords(published)),
    });
    const header = { ...fields, batchCount: 0, accountProofCount: 0 };
    return { header, changes: placeChanges(state, this.creation, changes), batches, accounts };
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
  ): Pick<EpochFile, 'batches' | 'accounts' | 'folded'> {
    const { market, epoch } = header;
    const leaves: { role: CircuitRole; instances: ModelInstance[] }[] = [
      { role: 'batch', instances: [] },
      { role: 'accounts', instances: [] },
    ];
    const prove = (which: 0 | 1, backEnd: number, signals: readonly bigint[]): Uint8Array => {
      const key = which === 0 ? this.batchKey : this.accountsKey;
      if (backEnd !== BackEnd.FOLDING) return key.prove(signals);
      const { instances } = at(leaves, which);
      const root = BigInt(3 + instances.length);
      const instance = at(this.models, which).fresh(signals, [root, root * root]);
      instances.push(instance);
      return compressPoint(instance.commitment);
    };
    const batches = draft.batches.map(({ seq0, count, size, backEnd, digest }, index) => {
      const acc = sums.batches[index] ?? 0n;
      const place = { market, epoch, seq0, count };
      const signals = batchSignals(size, place, { digest, acc }, challenge);
      return { backEnd, size, count, digest, acc, proof: prove(0, backEnd, signals) };
    });
    let rootIn = header.rootOld;
    const accounts = draft.accounts.map(({ count, size, backEnd, digest, rootOut }, index) => {
      const acc = sums.accounts[index] ?? 0n;
      const place = { market, epoch, seq0: BigInt(index), count };
      const claim = { rootIn, rootOut, digest, acc };
      const signals = accountsSignals(size, place, claim, challenge);
      rootIn = rootOut;
      const proof = prove(1, backEnd, signals);
      return { backEnd, size, count, rootOut, acc, digest, proof };
    });
    const folded = leaves.flatMap(({ role, instances }, which): FoldedPart[] => {
      if (instances.length === 0) return [];
      const { size } = (which === 0 ? this.batchKey : this.accountsKey).trusted;
      return [{ role, size, proof: at(this.models, which).prove(instances) }];
    });
    return { batches, accounts, folded };
  }
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, i) => list.slice(i * size, (i + 1) * size));
}
