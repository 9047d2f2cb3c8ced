import {
  type AccountTable,
  airDigest,
  commitmentDigest,
  DEFAULT_PARAMETERS,
  genesisAccounts,
  genesisDigest,
  Kernel,
  PartProver,
  plainRoot,
  readKernelModule,
} from '@foldbook/stark';
import { sha256 } from '@noble/hashes/sha2.js';
import { type ChainState, chainStateAfter, chainStateFrom } from '../chain-state.ts';
import { epochFileName } from '../epoch-source.ts';
import { genesisHash } from '../genesis.ts';
import { packRecords } from '../packed-records.ts';
import {
  type Creation,
  type FeeRates,
  RULES_START,
  type RuleChange,
  rulesHashAfter,
} from '../rules.ts';
import type { SettlementRecord } from '../settlement-record.ts';
import { publicKeyOf, signHeader } from '../signature.ts';
import { encodeStarkEpochFile, partsHash, type StarkPart } from '../stark/epoch-file.ts';
import { encodeStarkGenesis, type StarkGenesis } from '../stark/genesis.ts';
import { encodeStarkHeader, type StarkHeader } from '../stark/header.ts';
import {
  type ChangeAt,
  changesFor,
  creationOf,
  dataFiles,
  filled,
  placeChanges,
  plannedHeader,
} from './chain-draft.ts';

/** Where a test may step in. */
export interface StarkCheats {
  /** All changes of the epoch, in their places already. */
  readonly changes?: readonly RuleChange[];
  /** Changes its argument, before it is signed. */
  readonly header?: (header: { -readonly [K in keyof StarkHeader]: StarkHeader[K] }) => void;
}

export interface StarkChainOptions {
  /** At most; all parts of an epoch but its last have so many. Default 65,536. */
  readonly partRecords?: number;
  readonly genesis?: Partial<StarkGenesis>;
  readonly rates?: FeeRates;
}

const kernel = new Kernel(await readKernelModule());

/** Builds a signed STARK chain with the real prover. */
export class StarkChainBuilder {
  readonly files = new Map<string, Uint8Array>();
  readonly genesis: StarkGenesis;
  readonly genesisHash: Uint8Array;
  readonly secretKey = filled(7);
  readonly creation: Creation;
  state: ChainState<Uint8Array>;
  accounts: AccountTable = genesisAccounts();
  readonly #partRecords: number;
  readonly #prover: PartProver;
  #epochs = 0;

  constructor({ partRecords = 65_536, genesis = {}, rates }: StarkChainOptions = {}) {
    this.creation = creationOf(rates);
    const parameters = genesis.parameters ?? DEFAULT_PARAMETERS;
    this.genesis = {
      market: 3,
      name: 'BTC-USD',
      nonce: filled(2),
      operatorKey: publicKeyOf(this.secretKey),
      emptyRoot: genesisDigest(parameters.logBlowup),
      rulesHash: rulesHashAfter(RULES_START, [this.creation]),
      airDigest: airDigest(),
      parameters,
      ...genesis,
    };
    const file = encodeStarkGenesis(this.genesis);
    this.files.set('genesis.fbg', file);
    this.genesisHash = genesisHash(file);
    this.state = chainStateFrom(this.genesisHash, this.genesis.emptyRoot);
    this.#partRecords = partRecords;
    this.#prover = new PartProver(kernel, parameters);
  }

  /** Adds an epoch and its data. */
  addEpoch(
    records: readonly SettlementRecord[],
    cheats: StarkCheats = {},
    changes: readonly ChangeAt[] = changesFor(records),
  ): void {
    const { state, genesis } = this;
    const { parts, root } = this.#prove(records);
    const placed = cheats.changes ?? placeChanges(state, this.creation, changes);
    const { market } = genesis;
    const fields = plannedHeader(state, {
      ...{ market, chainId: this.genesisHash, recordCount: records.length, rootNew: root },
      rulesHash: rulesHashAfter(state.rulesHash, placed),
      dataDigest: sha256(packRecords(records)),
    });
    const header = {
      ...fields,
      changeCount: placed.length,
      partCount: parts.length,
      digestListHash: partsHash(parts.map(({ statement }) => statement)),
      accountsRoot: plainRoot(this.accounts),
    };
    cheats.header?.(header);
    const headerBytes = encodeStarkHeader(header);
    const signature = signHeader(headerBytes, this.secretKey);
    const file = encodeStarkEpochFile({ headerBytes, signature, changes: placed, parts });
    this.files.set(`epochs/${epochFileName(this.#epochs)}`, file);
    for (const [name, bytes] of dataFiles(this.#epochs, records)) this.files.set(name, bytes);
    this.state = chainStateAfter(header, headerBytes);
    this.#epochs += 1;
  }

  /** Moves the accounts on. */
  #prove(records: readonly SettlementRecord[]): { parts: StarkPart[]; root: Uint8Array } {
    const { nextEpoch: epoch, recordNext } = this.state;
    const { market } = this.genesis;
    const parts: StarkPart[] = [];
    let { root } = this.state;
    for (let first = 0; first < records.length; first += this.#partRecords) {
      const proved = this.#prover.prove({
        ...{ chainId: this.genesisHash, market, epoch, part: parts.length },
        accounts: this.accounts,
        recordFirst: recordNext + BigInt(first),
        records: records.slice(first, first + this.#partRecords),
      });
      parts.push({ statement: proved.statement, proof: proved.proof });
      this.accounts = proved.accounts;
      root = commitmentDigest(proved.after);
    }
    return { parts, root };
  }
}
