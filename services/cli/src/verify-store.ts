/** What `verify` does around the verifier: find the market, count bytes, say what was left out. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ChainKind,
  type ChainResult,
  type EpochSource,
  epochFileName,
  recordsFileName,
  SourceError,
} from '@foldbook/verifier';
import { listChains, listLostChains, listMarkets } from '@foldbook/verifier/node';
import { UsageError } from './cli-error.ts';
import { fileTrouble } from './file-trouble.ts';
import { printable } from './printable.ts';

/**
 * The market asked for, or the only one there.
 * @throws UsageError when the store has no such market, or another that nobody is to think was seen
 */
export async function findMarket(store: string, asked: string | undefined): Promise<string> {
  if (asked !== undefined && (await hasGenesis(store, asked))) return asked;
  if (asked !== undefined && (await hasLost(store, asked))) throw lostGenesis(store, [asked]);
  if (asked !== undefined && (await hasEpochs(store, asked))) throw unproved(store, [asked]);
  const markets = await allMarkets(store);
  const [first = ''] = markets;
  const held = printable(markets.join(', '));
  if (asked !== undefined) {
    throw new UsageError(`${store} holds no market ${asked}; it holds ${held}`);
  }
  const { lost } = await marketsOf(store);
  if (lost.length > 0) throw lostGenesis(store, lost, `, or name ${held} with --market`);
  if (markets.length === 1) return first;
  throw new UsageError(`${store} holds ${held}: name one with --market`);
}

const OTHER_STORE = 'name another folder with --store';

/** Every market of a store, in order. UsageError when it has none. */
export async function allMarkets(store: string): Promise<readonly string[]> {
  const { markets, lost, others } = await marketsOf(store);
  if (markets.length > 0) return markets;
  if (lost.length > 0) throw lostGenesis(store, lost);
  if (others.length > 0) throw unproved(store, others);
  throw new UsageError(`${store} holds no market; ${OTHER_STORE}`);
}

/** Also those that have lost their genesis, if one has not. @throws UsageError as `allMarkets` */
export async function everyMarket(store: string): Promise<readonly string[]> {
  const begun = await allMarkets(store);
  const { lost } = await marketsOf(store);
  return [...begun, ...lost];
}

/**
 * A chain that nobody is to think was seen to.
 * @param orElse - what else there is to do
 */
export const lostChain = (store: string, market: string, chain: ChainKind, orElse: string) =>
  new UsageError(
    `${store}, ${printable(market)}: its ${chain} chain has epochs and no genesis.fbg: ` +
      `restore it${orElse}`,
  );

/** @param orElse - what else there is to do */
const lostGenesis = (store: string, markets: readonly string[], orElse = '') =>
  new UsageError(
    `${store}: ${printable(markets.join(', '))} has epochs and no genesis.fbg: restore it${orElse}`,
  );

/** A prover makes the folders before it has anything to prove, and publishes data before proofs. */
const unproved = (store: string, markets: readonly string[]) =>
  new UsageError(
    `${store}: ${printable(markets.join(', '))} has no genesis.fbg and no epoch: nothing is ` +
      'proved yet, so ask later ("foldbook prover status"), or the copy is not whole',
  );

const hasEpochs = (store: string, market: string) => has(store, market, 'epochs');

const hasLost = async (store: string, market: string): Promise<boolean> =>
  (await listLostChains(store, market).catch(() => [])).length > 0;

/** Of any of its chains. */
async function hasGenesis(store: string, market: string): Promise<boolean> {
  return (await listChains(store, market).catch(() => [])).length > 0;
}

/** A folder beside it that can't be read is no hindrance for a market that was named. */
async function has(store: string, market: string, name: string): Promise<boolean> {
  try {
    return (await readdir(join(store, market))).includes(name);
  } catch {
    return false;
  }
}

interface StoreMarkets {
  readonly markets: readonly string[];
  /** With epochs that no genesis begins, as a copy may be. */
  readonly lost: readonly string[];
  /** With neither. */
  readonly others: readonly string[];
}

async function marketsOf(store: string): Promise<StoreMarkets> {
  try {
    const names = (await readdir(store)).filter((name) => !name.startsWith('.'));
    const markets = await listMarkets(store);
    const headless = names.filter((name) => !markets.includes(name));
    const areLost = await Promise.all(headless.map((name) => hasLost(store, name)));
    const haveFolder = await Promise.all(headless.map((name) => hasEpochs(store, name)));
    const lost = headless.filter((_, index) => areLost[index]);
    const others = headless.filter((_, index) => haveFolder[index] && !areLost[index]);
    return { markets, lost, others };
  } catch (error) {
    if (error instanceof SourceError) throw new UsageError(printable(error.message));
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const what = missing ? 'holds no market' : "can't be read";
    throw new UsageError(`${store} ${what}: ${fileTrouble(error)}; ${OTHER_STORE}`);
  }
}

export interface StoreQuestion {
  readonly source: EpochSource;
  /** Last epoch asked for; undefined: the last there is. */
  readonly to: number | undefined;
  /** The level was not asked for: it follows from the files that are there. */
  readonly levelChosen: boolean;
}

/** The verifier's result, with the files whose absence chose the level. */
export async function completed(
  result: ChainResult,
  { source, to, levelChosen }: StoreQuestion,
): Promise<ChainResult> {
  if (!result.ok || result.level !== 'settlement' || !levelChosen) return result;
  const names = new Set(await source.epochNames());
  const epochs = [...names].filter((name) => name.endsWith('.fbe')).length;
  const end = to === undefined ? epochs : to + 1;
  return { ...result, notShown: [withoutRecords(names, end), ...result.notShown] };
}

function withoutRecords(names: ReadonlySet<string>, end: number): string {
  const missing = Array.from({ length: end }, (_, epoch) => epoch).filter(
    (epoch) => names.has(epochFileName(epoch)) && !names.has(recordsFileName(epoch)),
  );
  const [first = 0] = missing;
  const more = missing.length === 1 ? '' : ` and ${missing.length - 1} more`;
  const files = missing.length === 1 ? 'its records file' : 'their records files';
  return `level data: ${recordsFileName(first)}${more} not in the epochs folder, restore ${files}`;
}
