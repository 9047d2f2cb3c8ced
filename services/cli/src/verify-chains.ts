/** The chains of a market, which `verify` follows one after the other, and what it says of them. */
import {
  bytesToHex,
  CHAIN_KINDS,
  type ChainAccepted,
  type ChainKind,
  type ChainResult,
  type Comparison,
  compareChains,
  type EpochSource,
  genesisHash as hashOf,
  type Level,
  SourceError,
  verifyChain,
} from '@foldbook/verifier';
import {
  listChains,
  listLostChains,
  openStoreFolder,
  type StoreFolderOptions,
} from '@foldbook/verifier/node';
import { kernelCommitments } from '@foldbook/verifier/stark-data';
import { UsageError } from './cli-error.ts';
import { duration, plural, roundedMs } from './output.ts';
import { printable } from './printable.ts';
import { DEV_KEYS_WARNING, isProved, NOT_PROVED } from './proved-words.ts';
import { recordsLimit } from './verify-options.ts';
import {
  figureWords,
  type OpenReplay,
  type ReplayFigures,
  type ReplayQuestion,
} from './verify-replay.ts';
import { completed, lostChain } from './verify-store.ts';

export interface ChainsQuestion {
  readonly store: string;
  readonly market: string;
  readonly range: { readonly from?: number; readonly to?: number };
  readonly folder: StoreFolderOptions;
  readonly level: Level | undefined;
  /** Hex; undefined where none was named. */
  readonly genesisHash: string | undefined;
  readonly operatorKey: string | undefined;
}

type ChainPlace = Pick<ChainsQuestion, 'store' | 'market' | 'folder' | 'genesisHash'>;

export interface CheckedChain {
  readonly chain: ChainKind;
  readonly result: ChainResult;
  readonly ms: number;
  /** As they are stored: what a light client would have to fetch. */
  readonly bytes: number;
  readonly replay: ReplayFigures | undefined;
}

/** Which chain was named; undefined where none was. @throws UsageError */
export function chainFrom(text: string | undefined, option = 'chain'): ChainKind | undefined {
  const chain = CHAIN_KINDS.find((kind) => kind === text);
  if (text === undefined || chain !== undefined) return chain;
  throw new UsageError(`--${option} ${text}: there are ${CHAIN_KINDS.join(', ')}`);
}

/**
 * The chains to follow, the STARK's first: the one that was named, else that with the genesis that
 * was named, else all that the market has; none of a market without.
 * @throws UsageError where it has not the one named, or can't be read
 */
export async function chosenChains(
  { store, market, folder, genesisHash }: ChainPlace,
  asked: ChainKind | undefined,
): Promise<readonly ChainKind[]> {
  const chains = (await listChains(store, market).catch(unread)).toReversed();
  const allLost = await listLostChains(store, market).catch(unread);
  const lost = allLost.find((chain) => (asked ?? chain) === chain);
  // Nobody is told that all chains hold where one of them could not be looked at. The genesis that
  // was named may be the other one's, unless this one was named, too.
  if (lost !== undefined && (genesisHash === undefined || lost === asked)) {
    // Whoever named it wants no other.
    const others = asked === undefined ? chains : [];
    const orElse = others.map((chain) => `, or leave it out with --chain ${chain}`);
    throw lostChain(store, market, lost, orElse.join(''));
  }
  if (asked !== undefined && chains.length > 0) {
    if (chains.includes(asked)) return [asked];
    throw new UsageError(
      `${market} has no ${asked} chain in ${store}; it has ${chains.join(', ')}`,
    );
  }
  if (genesisHash === undefined || chains.length === 1) return chains;
  for (const chain of chains) {
    const genesis = await openStoreFolder(store, market, { ...folder, chain }).genesis();
    if (genesis && bytesToHex(hashOf(genesis)) === genesisHash.toLowerCase()) return [chain];
  }
  return chains.slice(0, 1);
}

function unread(error: unknown): never {
  if (error instanceof SourceError) throw new UsageError(printable(error.message));
  throw error;
}

/** @param openLog - at level replay: the log that is executed */
export async function checkChain(
  question: ChainsQuestion,
  chain: ChainKind,
  openLog: (question: ReplayQuestion) => Promise<OpenReplay>,
): Promise<CheckedChain> {
  const { store, market, range, folder, level, genesisHash, operatorKey } = question;
  const startMs = performance.now();
  let bytes = 0;
  const onRead = (sizeBytes: number) => {
    bytes += sizeBytes;
  };
  const source = openStoreFolder(store, market, { ...folder, chain, onRead });
  const limit = recordsLimit(folder);
  const ofLog = { source, market, to: range.to, ...limit };
  const log = level === 'replay' ? await openLog(ofLog) : undefined;
  const verified = await verifyChain(source, {
    ...range,
    ...limit,
    commitments: kernelCommitments,
    ...(level === undefined ? {} : { level }),
    ...(log === undefined ? {} : { replay: log.replay }),
    ...(genesisHash === undefined ? {} : { genesisHash }),
    ...(operatorKey === undefined ? {} : { operatorKey }),
  }).finally(() => log?.close());
  const ms = roundedMs(performance.now() - startMs);
  const levelChosen = level === undefined;
  const result = await completed(verified, { source, to: range.to, levelChosen });
  return { chain, result, ms, bytes, replay: log?.figures() };
}

/** Of both chains, where both were followed and accepted. */
export async function compared(
  { store, market, range, folder }: ChainsQuestion,
  checked: readonly CheckedChain[],
): Promise<Comparison | undefined> {
  const resultOf = (chain: ChainKind) => checked.find((one) => one.chain === chain)?.result;
  const [poseidon, stark] = [resultOf('poseidon'), resultOf('stark')];
  if (poseidon?.ok !== true || stark?.ok !== true) return undefined;
  const open = (chain: ChainKind): EpochSource =>
    openStoreFolder(store, market, { ...folder, chain });
  const sources = { poseidon: open('poseidon'), stark: open('stark') };
  const epochs = range.to === undefined ? undefined : range.to + 1;
  return compareChains(sources, { poseidon, stark }, epochs);
}

export type VerifyVerdict = 'verified' | 'signed' | 'refused';

export const verdictOf = (result: ChainResult): VerifyVerdict =>
  !result.ok ? 'refused' : isProved(result) ? 'verified' : 'signed';

/** What --json tells of a chain. */
export function toldOf({ chain, result, ms, bytes, replay }: CheckedChain) {
  const verdict = verdictOf(result);
  const ok = verdict === 'verified';
  const figures = replay === undefined ? {} : { replay };
  // The balances are for the comparison: there may be millions.
  const { accounts: _, ...told } = result.ok ? result : { ...result, accounts: undefined };
  return { ...told, ok, verdict, chain, ms, bytes, ...figures };
}

export function comparisonWords(comparison: Comparison): string {
  if (!comparison.ok) {
    const { epoch, code, message } = comparison;
    return `REFUSED: epoch ${epoch}, both chains: ${code}: ${printable(message)}`;
  }
  const balances = comparison.balances ? ', the same balances at their end' : '';
  const records = 'the same records, rules, log and state';
  return `both chains: ${records} in ${plural(comparison.epochs, 'epoch')}${balances}`;
}

/** None for a chain whose genesis says it. */
const keyWords = ({ operatorKeys: [, ...changes] }: ChainAccepted) =>
  changes.map(({ firstEpoch, key }) => `  operator key ${key} from epoch ${firstEpoch} on`);

/**
 * "16 proofs by Groth16", "16 proofs by folding", "16 proofs (2 by Groth16, 14 by folding)",
 * "3 proofs by STARK (101.4 bits)".
 */
function proofWords({ backend, proofs, folded, securityBits }: ChainAccepted): string {
  const all = plural(proofs, 'proof');
  if (proofs === 0) return all;
  if (backend === 'stark') {
    // Downwards: it is a bound.
    const bits = Math.floor(10 * (securityBits ?? 0)) / 10;
    return `${all} by STARK (${bits.toFixed(1)} bits)`;
  }
  if (folded === 0) return `${all} by Groth16`;
  if (folded === proofs) return `${all} by folding`;
  return `${all} (${proofs - folded} by Groth16, ${folded} by folding)`;
}

const CHAIN_NAMES = { stark: 'STARK chain', poseidon: 'Poseidon chain' } as const;

/** @param isOfTwo - then a refusal says which of them it is of */
export function resultWords({ chain, result, ms, replay }: CheckedChain, isOfTwo = false): string {
  if (!result.ok) {
    const failure = result.firstFailure;
    const where =
      failure.epoch === undefined ? failure.part : `epoch ${failure.epoch}, ${failure.part}`;
    const of = isOfTwo ? `${CHAIN_NAMES[chain]}, ` : '';
    return `REFUSED: ${of}${where}: ${failure.code}: ${printable(failure.message)}`;
  }
  const verdict = isProved(result) ? 'VERIFIED' : NOT_PROVED;
  const lines = [
    `${verdict}: ${result.market}, ${plural(result.epochs, 'epoch')}, ` +
      `${proofWords(result)}, ` +
      `level ${result.level}, ${duration(ms)}`,
    `  genesis ${result.genesisHash}`,
    ...keyWords(result),
    `  head    ${result.headHash}`,
    `  root    ${result.fromRoot}`,
    `       -> ${result.toRoot}`,
    ...(replay === undefined ? [] : [figureWords(replay)]),
    ...(result.devKeys ? [DEV_KEYS_WARNING] : []),
    'shown:',
    ...result.shown.map((line) => `  + ${line}`),
    'not shown:',
    ...result.notShown.map((line) => `  - ${line}`),
  ];
  return lines.join('\n');
}
