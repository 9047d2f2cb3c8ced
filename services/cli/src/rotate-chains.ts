/** What `keys rotate` changes: a store's chains, each with a list of its operator's keys. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  makeFolder,
  proofStoreHolder,
  StreamError,
  syncFolder,
  takeProofStore,
} from '@foldbook/runtime';
import {
  bytesToHex,
  type ChainKind,
  encodeKeyChanges,
  KEY_CHANGES_MAX,
  type KeyChange,
  listEpochs,
  operatorKeys,
  readGenesisFile,
  readOperatorKeys,
  SourceError,
  signKeyChange,
} from '@foldbook/verifier';
import { chainFolder, listChains, listLostChains, openStoreFolder } from '@foldbook/verifier/node';
import { UsageError } from './cli-error.ts';
import { fileTrouble } from './file-trouble.ts';
import { printable } from './printable.ts';

/** A chain of a market. */
export interface ChainName {
  readonly market: string;
  readonly chain: ChainKind;
}

/** What a change has to go on from. */
export interface KnownChain extends ChainName {
  readonly operatorKey: Uint8Array;
  readonly chainId: Uint8Array;
  readonly changes: readonly KeyChange[];
  readonly lastKey: Uint8Array;
  /** Epochs that are signed. */
  readonly epochs: number;
}

export const isSameChain = (a: ChainName, b: ChainName): boolean =>
  a.market === b.market && a.chain === b.chain;

export const chainName = ({ market, chain }: ChainName): string => `${market} (${chain})`;

/** Of these markets, in order. @throws UsageError where a folder can't be read */
export const chainsIn = (store: string, markets: readonly string[]): Promise<ChainName[]> =>
  listed(store, markets, listChains);

/** Of these markets, those that have epochs and no genesis: nobody can tell which key is theirs. */
export const lostChainsIn = (store: string, markets: readonly string[]): Promise<ChainName[]> =>
  listed(store, markets, listLostChains);

async function listed(
  store: string,
  markets: readonly string[],
  list: typeof listChains,
): Promise<ChainName[]> {
  try {
    const chains = await Promise.all(
      markets.map(async (market) => {
        const kinds = await list(store, market);
        return kinds.map((chain) => ({ market, chain }));
      }),
    );
    return chains.flat();
  } catch (error) {
    if (error instanceof SourceError) throw new UsageError(printable(error.message));
    throw error;
  }
}

/** @throws UsageError for a chain that is not whole */
export async function readKnown(store: string, name: ChainName): Promise<KnownChain> {
  const unfit = (words: string) =>
    new UsageError(`${store}, ${chainName(name)}: ${words}; restore it`);
  try {
    const source = openStoreFolder(store, name.market, { chain: name.chain });
    const start = readGenesisFile((await source.genesis()) ?? new Uint8Array());
    if ('ok' in start) throw unfit(start.message);
    if (start.chain !== name.chain) throw unfit(`its genesis is of a ${start.chain} chain`);
    const { operatorKey } = start.genesis;
    const chainId = start.genesisHash;
    const keys = readOperatorKeys(start.genesis, chainId, await source.keyChanges());
    if (!keys.ok) throw unfit(`${keys.code}: ${keys.message}`);
    const listing = listEpochs(await source.epochNames());
    if (!listing.ok) throw unfit(listing.message);
    const lastKey = keys.terms.at(-1)?.key ?? operatorKey;
    const { changes } = keys;
    return { ...name, operatorKey, chainId, changes, lastKey, epochs: listing.epochs };
  } catch (error) {
    if (error instanceof SourceError) throw unfit(error.message);
    throw error;
  }
}

/** Chains of the store that a key signs, but for these; one that can't be read may be. */
export async function signedBy(
  store: string,
  key: string,
  markets: readonly string[],
  but: readonly ChainName[],
): Promise<ChainName[]> {
  const lost = await lostChainsIn(store, markets);
  const all = [...(await chainsIn(store, markets)), ...lost];
  const others = all.filter((one) => !but.some((other) => isSameChain(one, other)));
  const signs = await Promise.all(
    others.map(async (name) => {
      const known = await readKnown(store, name).catch(() => undefined);
      return known === undefined || bytesToHex(known.lastKey) === key;
    }),
  );
  return others.filter((_, index) => signs[index]);
}

type StoreLock = ReturnType<typeof takeProofStore>;

/** Of every chain that is changed, or of none. @throws UsageError STORE_LOCKED */
export function takeChains(store: string, chains: readonly ChainName[]): StoreLock[] {
  const locks: StoreLock[] = [];
  try {
    for (const name of chains) locks.push(takeChain(store, name));
    return locks;
  } catch (error) {
    for (const lock of locks) lock.release();
    throw error;
  }
}

function takeChain(store: string, { market, chain }: ChainName): StoreLock {
  const folder = chainFolder(store, market, chain);
  try {
    return takeProofStore(folder);
  } catch (error) {
    if (error instanceof StreamError) {
      throw new UsageError(`STORE_LOCKED: ${market} in ${store}: ${error.message}`);
    }
    throw new UsageError(`${folder} can't be written: ${fileTrouble(error)}`);
  }
}

/** The process that proves a chain now. */
export const holderOf = (store: string, { market, chain }: ChainName) =>
  proofStoreHolder(chainFolder(store, market, chain));

/** The list with the change, as every verifier will take it. */
export function changedList(
  { operatorKey, chainId, changes, ...name }: KnownChain,
  firstEpoch: bigint,
  oldSecret: Uint8Array,
  newSecret: Uint8Array,
): Uint8Array {
  if (changes.length >= KEY_CHANGES_MAX) {
    const times = `${KEY_CHANGES_MAX} times`;
    throw new UsageError(`${chainName(name)}: the key was changed ${times}: begin a new chain`);
  }
  const list = [...changes, signKeyChange({ chainId, firstEpoch }, oldSecret, newSecret)];
  const checked = operatorKeys({ operatorKey }, chainId, list);
  if (!checked.ok) {
    const mend = 'name another --new or --from-epoch';
    throw new UsageError(`${chainName(name)}: ${checked.message}; ${mend}`);
  }
  return encodeKeyChanges(list);
}

/** Whole or not at all, and there to stay: verifiers may be reading. */
export async function replaceList(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.draft-${randomBytes(6).toString('hex')}`;
  try {
    await makeFolder(dirname(path));
    const file = await open(draft, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(draft, { force: true });
    throw new UsageError(`${path} can't be written: ${fileTrouble(error)}`);
  }
}
