import { AccountTree, EMPTY_ROOT } from './account-tree.ts';
import { assert } from './assert.ts';
import { bytesToHex } from './bytes.ts';
import { loadChainKeys } from './chain-keys.ts';
import { type ChainState, initialChainState } from './chain-state.ts';
import type { EpochData } from './check-data.ts';
import { type DecodedEpoch, decodeEpochFile } from './epoch-file.ts';
import { type EpochListing, listEpochs } from './epoch-listing.ts';
import { type EpochSource, epochFileName, recordsFileName, SourceError } from './epoch-source.ts';
import { toBigEndian } from './field.ts';
import { decodeGenesis, type Genesis, genesisHash } from './genesis.ts';
import {
  type Circumstances,
  isLevel,
  LEVELS,
  type Level,
  notShownClaims,
  shownClaims,
} from './level-claims.ts';
import { pinnedKeys, type TrustedKey } from './pinned-keys.ts';
import { type ReasonCode, type Refused, refused } from './reason-codes.ts';
import { RuleBook } from './rule-book.ts';
import { decodeRecords } from './settlement-record.ts';
import { type ChainContext, verifyEpoch } from './verify-epoch.ts';

export interface ChainOptions {
  /** Default: data when every records file is there, else settlement. */
  readonly level?: Level;
  /**
   * First and last epoch whose proofs are checked; default: all. Everything else is checked from
   * genesis to `to`; of later epochs nothing is read.
   */
  readonly from?: number;
  readonly to?: number;
  /** The genesis hash (hex) that the chain has to have. */
  readonly genesisHash?: string;
  /** Verifying keys to accept; default: those of this release. */
  readonly trustedKeys?: readonly TrustedKey[];
}

/** An accepted chain. Hashes and roots are hex; ranges are of the epochs asked for. */
export interface ChainAccepted {
  readonly ok: true;
  readonly market: string;
  readonly genesisHash: string;
  /** Hash of the last header. */
  readonly headHash: string;
  /** Epochs whose proofs were checked. */
  readonly epochs: number;
  readonly fromRoot: string;
  readonly toRoot: string;
  /** Market sequences, both inclusive. */
  readonly seqRange: { readonly first: bigint; readonly last: bigint };
  /** Settlement records, counted from genesis. */
  readonly recordRange: { readonly first: bigint; readonly count: bigint };
  readonly proofs: number;
  readonly backend: 'groth16';
  readonly level: Level;
  readonly devKeys: boolean;
  readonly shown: readonly string[];
  readonly notShown: readonly string[];
}

export interface ChainFailure {
  /** Absent when the failure is not in an epoch. */
  readonly epoch?: number;
  readonly part: string;
  readonly code: ReasonCode;
  readonly message: string;
}

/** A refused chain, and the first reason in chain order. */
export interface ChainRefused {
  readonly ok: false;
  /** Name and hash from the genesis, when it could be read. */
  readonly market?: string;
  readonly genesisHash?: string;
  readonly firstFailure: ChainFailure;
}

export type ChainResult = ChainAccepted | ChainRefused;

/** Ends a verification; caught by `verifyChain` alone. */
class Refusal extends Error {
  readonly failure: ChainFailure;

  constructor(part: string, { code, message }: Omit<Refused, 'ok'>, epoch?: number) {
    super(message);
    this.failure = { part, code, message, ...(epoch === undefined ? {} : { epoch }) };
  }
}

/** Follows a market's chain from its genesis. Refusals are results; nothing is thrown for them. */
export async function verifyChain(
  source: EpochSource,
  options: ChainOptions = {},
): Promise<ChainResult> {
  const { level } = options;
  // Callers in JavaScript: a level that is not known would be taken for the lowest.
  assert(level === undefined || isLevel(level), `no level "${level}"; there are: ${LEVELS}`);
  const named: { market?: string; genesisHash?: string } = {};
  try {
    const { genesis, hash } = await loadGenesis(source, options);
    named.market = genesis.name;
    named.genesisHash = bytesToHex(hash);
    const trusted = options.trustedKeys ?? pinnedKeys;
    const keys = await orRefuse('keys', () => loadChainKeys(source, genesis, trusted));
    const names = async () => listEpochs(await source.epochNames());
    const plan = planRange(await orRefuse('epochs folder', names), options);
    return await followChain(source, { genesis, genesisHash: hash, keys }, plan);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, ...named, firstFailure: error.failure };
  }
}

/** Awaits what a source gives; its errors and a refusing answer end the verification. */
async function orRefuse<T extends object>(
  part: string,
  ask: () => Promise<T | Refused>,
  epoch?: number,
): Promise<T> {
  let answer: T | Refused;
  try {
    answer = await ask();
  } catch (error) {
    const code = error instanceof SourceError ? error.code : 'STORE_READ';
    const message = error instanceof Error ? error.message : String(error);
    throw new Refusal(part, { code, message }, epoch);
  }
  if (isRefused(answer)) throw new Refusal(part, answer, epoch);
  return answer;
}

function isRefused(answer: object): answer is Refused {
  return 'ok' in answer && answer.ok === false;
}

async function loadGenesis(
  source: EpochSource,
  options: ChainOptions,
): Promise<{ genesis: Genesis; hash: Uint8Array }> {
  const part = 'genesis';
  const missing = refused('GENESIS_MISSING', 'there is no genesis.fbg: this is no market folder');
  const bytes = await orRefuse(part, async () => (await source.genesis()) ?? missing);
  const decoded = decodeGenesis(bytes);
  if (!decoded.ok) throw new Refusal(part, decoded.error);
  const genesis = decoded.value;
  const hash = genesisHash(bytes);
  const expected = options.genesisHash?.toLowerCase();
  if (expected !== undefined && expected !== bytesToHex(hash)) {
    const message = `the genesis hash is ${bytesToHex(hash)}, expected is ${expected}`;
    throw new Refusal(part, { code: 'GENESIS_UNEXPECTED', message });
  }
  if (source.market !== undefined && source.market !== genesis.name) {
    const message = `the genesis is of market ${genesis.name}, asked for was ${source.market}`;
    throw new Refusal(part, { code: 'GENESIS_MARKET', message });
  }
  if (genesis.emptyRoot !== EMPTY_ROOT) {
    const message = `the root is ${genesis.emptyRoot}, the empty tree's is ${EMPTY_ROOT}`;
    throw new Refusal(part, { code: 'GENESIS_EMPTY_ROOT', message });
  }
  return { genesis, hash };
}

/** Which epochs to read and which of them to prove; `end` is one past the last. */
interface Plan {
  readonly from: number;
  readonly end: number;
  readonly circumstances: Omit<Circumstances, 'devKeys'>;
}

function planRange(listing: EpochListing, options: ChainOptions): Plan {
  if (listing.epochs === 0) {
    const message = 'nothing to verify: the chain has a genesis and no epoch';
    throw new Refusal('epochs folder', { code: 'EPOCH_MISSING', message });
  }
  const { from = 0, to = listing.epochs - 1 } = options;
  const end = to + 1;
  const whole = Number.isInteger(from) && Number.isInteger(to);
  if (!(whole && from >= 0 && from <= to && to < listing.epochs)) {
    const range = `${from} to ${options.to ?? 'the last'}`;
    const message = `epochs ${range} were asked for, the chain has ${listing.epochs}`;
    throw new Refusal('epochs folder', { code: 'EPOCH_MISSING', message });
  }
  const missing = Array.from({ length: end }, (_, epoch) => epoch).find(
    (epoch) => !listing.records.has(epoch),
  );
  const level: Level = options.level ?? (missing === undefined ? 'data' : 'settlement');
  if (level === 'data' && missing !== undefined) {
    const message = `${recordsFileName(missing)} is not there: restore it, or ask for settlement`;
    throw new Refusal('records', { code: 'MISSING_RECORDS', message }, missing);
  }
  const circumstances = {
    level,
    epochs: end - from,
    genesisPinned: options.genesisHash !== undefined,
    levelChosen: options.level === undefined,
    unproved: from,
    unread: listing.epochs - end,
  };
  return { from, end, circumstances };
}

async function followChain(
  source: EpochSource,
  context: ChainContext,
  { from, end, circumstances }: Plan,
): Promise<ChainAccepted> {
  const tree = new AccountTree();
  const rules = new RuleBook();
  let state = initialChainState(context.genesisHash);
  let start = state;
  let proofs = 0;
  for (let epoch = 0; epoch < end; epoch++) {
    if (epoch === from) start = state;
    const file = await readEpoch(source, epoch);
    const data: { data?: EpochData } =
      circumstances.level === 'data'
        ? { data: { ...(await readRecords(source, epoch)), tree } }
        : {};
    const outcome = verifyEpoch(context, state, file, { proofs: epoch >= from, rules, ...data });
    if (!outcome.ok) throw new Refusal(outcome.part, outcome, epoch);
    state = outcome.state;
    proofs += outcome.proofs;
  }
  return accepted(context, start, state, proofs, circumstances);
}

async function readEpoch(source: EpochSource, epoch: number): Promise<DecodedEpoch> {
  const decoded = decodeEpochFile(
    await readFile(source, 'epoch file', epochFileName(epoch), epoch),
  );
  if (!decoded.ok) throw new Refusal('epoch file', decoded.error, epoch);
  return decoded.value;
}

async function readRecords(source: EpochSource, epoch: number): Promise<Omit<EpochData, 'tree'>> {
  const recordsFile = await readFile(source, 'records', recordsFileName(epoch), epoch);
  const decoded = decodeRecords(recordsFile);
  if (!decoded.ok) throw new Refusal('records', decoded.error, epoch);
  return { records: decoded.value, recordsFile };
}

function readFile(
  source: EpochSource,
  part: string,
  name: string,
  epoch: number,
): Promise<Uint8Array> {
  const gone = refused('STORE_READ', `${name} was listed but is not there any more: try again`);
  return orRefuse(part, async () => (await source.epochFile(name)) ?? gone, epoch);
}

function accepted(
  { genesis, genesisHash, keys }: ChainContext,
  start: ChainState,
  end: ChainState,
  proofs: number,
  planned: Plan['circumstances'],
): ChainAccepted {
  const circumstances = { ...planned, devKeys: keys.insecure };
  const { level, epochs, devKeys } = circumstances;
  const seqRange = { first: start.sequenceLast + 1n, last: end.sequenceLast };
  return {
    ok: true,
    market: genesis.name,
    genesisHash: bytesToHex(genesisHash),
    headHash: bytesToHex(end.previousHash),
    epochs,
    fromRoot: bytesToHex(toBigEndian(start.root)),
    toRoot: bytesToHex(toBigEndian(end.root)),
    seqRange,
    recordRange: { first: start.recordNext, count: end.recordNext - start.recordNext },
    proofs,
    backend: 'groth16',
    level,
    devKeys,
    shown: shownClaims(circumstances),
    notShown: notShownClaims(circumstances),
  };
}
