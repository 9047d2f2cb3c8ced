import type { AccountTable } from '@foldbook/stark/verify';
import { assert } from './assert.ts';
import { bytesToHex } from './bytes.ts';
import type { ChainFollower, ChainKind, ChainPlace, ProofSummary } from './chain-follower.ts';
import { loadChainKeys } from './chain-keys.ts';
import { type ChainStart, readChainStart } from './chain-start.ts';
import type { PublishedData } from './check-data.ts';
import type { EpochReplay, ReplayToCheck } from './check-replay.ts';
import type { HeadedEpoch } from './epoch-file.ts';
import { type EpochListing, listEpochs } from './epoch-listing.ts';
import {
  diffsFileName,
  type EpochSource,
  epochFileName,
  recordsFileName,
  SourceError,
} from './epoch-source.ts';
import {
  type Circumstances,
  hasRecords,
  isLevel,
  LEVELS,
  type Level,
  notShownClaims,
  shownClaims,
} from './level-claims.ts';
import { type OperatorKeys, readOperatorKeys } from './operator-keys.ts';
import { unpackDiffs } from './packed-diffs.ts';
import { DEFAULT_RECORDS_MAX, packRecords, unpackRecords } from './packed-records.ts';
import { pinnedKeys, type TrustedKey } from './pinned-keys.ts';
import { PoseidonFollower } from './poseidon-follower.ts';
import { type ReasonCode, type Refused, refused } from './reason-codes.ts';
import type { PartCommitments } from './stark/check-data.ts';
import { StarkFollower } from './stark/follower.ts';

export interface ChainOptions {
  /** Default: data when every records file is there, else settlement. */
  readonly level?: Level;
  /** What executes the log; level replay takes it, from its beginning, and no other level does. */
  readonly replay?: EpochReplay;
  /**
   * First and last epoch whose proofs are checked; default: all. Everything else is checked from
   * genesis to `to`; of later epochs nothing is read.
   */
  readonly from?: number;
  readonly to?: number;
  /** The genesis hash (hex) that the chain has to have. */
  readonly genesisHash?: string;
  /**
   * A key (hex) that the operator has to have had, or have: of a store that lacks the change to it,
   * somebody may have forked the chain with the key before.
   */
  readonly operatorKey?: string;
  /** Verifying keys to accept; default: those of this release. */
  readonly trustedKeys?: readonly TrustedKey[];
  /**
   * What commits to records and accounts as the prover of a STARK chain does, by log blowup: needed
   * to recompute its roots, so for its levels data and replay.
   */
  readonly commitments?: (logBlowup: number) => Promise<PartCommitments>;
  /**
   * Refuses epochs of more records, or of changes of more than twice as many accounts, before it
   * has memory for them; default 2^21, or 64 MiB.
   */
  readonly recordsMax?: number;
}

/** An accepted chain. Hashes and roots are hex; ranges are of the epochs asked for. */
export interface ChainAccepted extends ProofSummary {
  readonly ok: true;
  readonly market: string;
  readonly chain: ChainKind;
  readonly genesisHash: string;
  /** The operator's keys (hex), and from which epoch on each signs; the genesis's first. */
  readonly operatorKeys: readonly { readonly firstEpoch: bigint; readonly key: string }[];
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
  readonly level: Level;
  readonly shown: readonly string[];
  readonly notShown: readonly string[];
  /** At the end, of a STARK chain whose records were at hand. */
  readonly accounts?: AccountTable;
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
  const isFit = (level === 'replay') === (options.replay !== undefined);
  assert(isFit, 'level replay comes with what executes the log, and only it');
  const named: { market?: string; genesisHash?: string } = {};
  try {
    const start = await loadStart(source, options);
    named.market = start.genesis.name;
    named.genesisHash = bytesToHex(start.genesisHash);
    return await (start.chain === 'stark'
      ? followStark(source, start, options)
      : followPoseidon(source, start, options));
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

async function loadStart(source: EpochSource, options: ChainOptions): Promise<ChainStart> {
  const part = 'genesis';
  const missing = refused('GENESIS_MISSING', 'there is no genesis.fbg: this is no market folder');
  const bytes = await orRefuse(part, async () => (await source.genesis()) ?? missing);
  const { market } = source;
  return orRefuse(part, async () => readChainStart(bytes, { market, ...options }));
}

async function followPoseidon(
  source: EpochSource,
  start: ChainStart & { readonly chain: 'poseidon' },
  options: ChainOptions,
): Promise<ChainAccepted> {
  const trusted = options.trustedKeys ?? pinnedKeys;
  const keys = await orRefuse('keys', () => loadChainKeys(source, start.genesis, trusted));
  const { operatorKeys, plan } = await prepare(source, start, options);
  const follower = new PoseidonFollower({ ...start, operatorKeys, keys });
  return followChain(source, { start, operatorKeys, follower }, plan);
}

async function followStark(
  source: EpochSource,
  start: ChainStart & { readonly chain: 'stark' },
  options: ChainOptions,
): Promise<ChainAccepted> {
  const { operatorKeys, plan } = await prepare(source, start, options);
  const isRecomputed = hasRecords(plan.circumstances.level);
  const { logBlowup } = start.genesis.parameters;
  const commitments = isRecomputed ? await options.commitments?.(logBlowup) : undefined;
  const isFit = !isRecomputed || commitments !== undefined;
  assert(isFit, 'levels data and replay of a STARK chain come with what commits to records');
  const follower = new StarkFollower({ ...start, operatorKeys }, commitments);
  const result = await followChain(source, { start, operatorKeys, follower }, plan);
  return isRecomputed ? { ...result, accounts: follower.accounts } : result;
}

/** What is read before the first epoch of any chain. */
async function prepare(source: EpochSource, start: ChainStart, options: ChainOptions) {
  const names = async () => listEpochs(await source.epochNames());
  const listing = await orRefuse('epochs folder', names);
  // Behind the names: a change is in the store before the first epoch that it is for.
  const operatorKeys = await loadOperatorKeys(source, start, options);
  const canRecompute = start.chain === 'poseidon' || options.commitments !== undefined;
  return { operatorKeys, plan: planRange(listing, options, canRecompute) };
}

async function loadOperatorKeys(
  source: EpochSource,
  { genesis, genesisHash }: ChainStart,
  { operatorKey }: ChainOptions,
): Promise<OperatorKeys> {
  const part = 'operator keys';
  const keys = await orRefuse(part, async () => {
    return readOperatorKeys(genesis, genesisHash, await source.keyChanges());
  });
  const asked = operatorKey?.toLowerCase();
  const has = asked === undefined || keys.terms.some(({ key }) => bytesToHex(key) === asked);
  if (has) return keys;
  const message = `${asked} is none of the operator's keys as this store has them`;
  throw new Refusal(part, { code: 'OPERATOR_KEY', message });
}

/** Which epochs to read and which of them to prove; `end` is one past the last. */
interface Plan {
  readonly from: number;
  readonly end: number;
  readonly recordsMax: number;
  /** Epochs whose net changes are published. */
  readonly diffs: ReadonlySet<number>;
  /** Epochs whose records are. */
  readonly records: ReadonlySet<number>;
  readonly replay: EpochReplay | undefined;
  /** Hex; undefined where the caller named none. */
  readonly operatorKey: string | undefined;
  readonly circumstances: Omit<
    Circumstances,
    'chain' | 'devKeys' | 'keyChanges' | 'operatorKeyPinned'
  >;
}

/** @param canRecompute - the records' roots, where the records are there */
function planRange(listing: EpochListing, options: ChainOptions, canRecompute: boolean): Plan {
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
  const isData = canRecompute && missing === undefined;
  const level: Level = options.level ?? (isData ? 'data' : 'settlement');
  if (level === 'data' && missing !== undefined) {
    const message = `${recordsFileName(missing)} is not there: restore it, or ask for settlement`;
    throw new Refusal('records', { code: 'MISSING_RECORDS', message }, missing);
  }
  const circumstances = {
    level,
    epochs: end - from,
    genesisPinned: options.genesisHash !== undefined,
    levelChosen: options.level === undefined,
    canRecompute,
    unproved: from,
    unread: listing.epochs - end,
  };
  const { recordsMax = DEFAULT_RECORDS_MAX, replay } = options;
  const { diffs, records } = listing;
  const operatorKey = options.operatorKey?.toLowerCase();
  return { from, end, recordsMax, diffs, records, replay, operatorKey, circumstances };
}

interface Followed<Epoch extends HeadedEpoch> {
  readonly start: ChainStart;
  readonly operatorKeys: OperatorKeys;
  readonly follower: ChainFollower<Epoch>;
}

async function followChain<Epoch extends HeadedEpoch>(
  source: EpochSource,
  followed: Followed<Epoch>,
  plan: Plan,
): Promise<ChainAccepted> {
  const { follower } = followed;
  const { from, end, circumstances } = plan;
  let first = follower.place;
  for (let epoch = 0; epoch < end; epoch++) {
    if (epoch === from) first = follower.place;
    const file = follower.decode(await readFile(source, 'epoch file', epochFileName(epoch), epoch));
    if (!file.ok) throw new Refusal('epoch file', file.error, epoch);
    const { logLast } = file.value.header;
    const data = hasRecords(circumstances.level)
      ? await dataOf(source, { logLast, at: epoch }, plan)
      : {};
    const outcome = follower.next(file.value, { proofs: epoch >= from, ...data });
    if (!outcome.ok) throw new Refusal(outcome.part, outcome, epoch);
  }
  return accepted(followed, first, plan);
}

/** Level data: the published records. Level replay: those of the log, and the published beside. */
async function dataOf(
  source: EpochSource,
  { at, logLast }: { readonly at: number; readonly logLast: bigint },
  plan: Plan,
): Promise<{ data?: PublishedData; replay?: ReplayToCheck }> {
  const { replay } = plan;
  if (replay === undefined) return { data: await readData(source, at, plan) };
  const replayed = await replay.next(logLast);
  if (!replayed.ok) return { replay: { replayed, published: undefined } };
  const { records } = replayed;
  const published = plan.records.has(at) ? await readData(source, at, plan) : undefined;
  const recordsFile = published?.recordsFile ?? packRecords(records);
  return {
    replay: { replayed, published: published?.records },
    data: { records, recordsFile, diffs: published?.diffs },
  };
}

async function readData(source: EpochSource, epoch: number, plan: Plan): Promise<PublishedData> {
  const { recordsMax } = plan;
  const recordsFile = await readFile(source, 'records', recordsFileName(epoch), epoch);
  const unpacked = unpackRecords(recordsFile, recordsMax);
  if (!unpacked.ok) throw new Refusal('records', unpacked.error, epoch);
  const records = { records: unpacked.value, recordsFile };
  if (!plan.diffs.has(epoch)) return records;
  const name = diffsFileName(epoch);
  // A record has two sides.
  const diffs = await readFile(source, 'differences', name, epoch);
  const changes = unpackDiffs(diffs, 2 * recordsMax);
  if (!changes.ok) throw new Refusal('differences', changes.error, epoch);
  return { ...records, diffs: changes.value };
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

function accepted<Epoch extends HeadedEpoch>(
  { start, operatorKeys, follower }: Followed<Epoch>,
  first: ChainPlace,
  { operatorKey, circumstances: planned }: Plan,
): ChainAccepted {
  const { place: last, summary, kind: chain } = follower;
  const terms = operatorKeys.terms.map(({ firstEpoch, key }) => {
    return { firstEpoch, key: bytesToHex(key) };
  });
  const operatorKeyPinned = operatorKey !== undefined && operatorKey === terms.at(-1)?.key;
  const { devKeys } = summary;
  const keyChanges = terms.length - 1;
  const circumstances = { ...planned, chain, keyChanges, operatorKeyPinned, devKeys };
  const { level, epochs } = circumstances;
  return {
    ok: true,
    market: start.genesis.name,
    chain,
    genesisHash: bytesToHex(start.genesisHash),
    operatorKeys: terms,
    headHash: bytesToHex(last.headHash),
    epochs,
    fromRoot: bytesToHex(first.root),
    toRoot: bytesToHex(last.root),
    seqRange: { first: first.sequenceLast + 1n, last: last.sequenceLast },
    recordRange: { first: first.recordNext, count: last.recordNext - first.recordNext },
    ...summary,
    level,
    shown: shownClaims(circumstances),
    notShown: notShownClaims(circumstances),
  };
}
