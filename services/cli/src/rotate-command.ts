/** `keys rotate`: the operator's key of a chain is changed, as both keys sign. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  KeyFileError,
  loadSecretKey,
  makeFolder,
  proofStoreHolder,
  StreamError,
  syncFolder,
  takeProofStore,
} from '@foldbook/runtime';
import {
  bytesToHex,
  decodeGenesis,
  encodeKeyChanges,
  genesisHash,
  KEY_CHANGES_FILE,
  KEY_CHANGES_MAX,
  type KeyChange,
  listEpochs,
  operatorKeys,
  publicKeyOf,
  readOperatorKeys,
  SourceError,
  signKeyChange,
} from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { UsageError } from './cli-error.ts';
import type { CliCommand, CommandContext } from './command.ts';
import { fileTrouble } from './file-trouble.ts';
import { checkMarketName } from './order-arguments.ts';
import { allMarkets, findMarket } from './verify-store.ts';

export const rotate: CliCommand = {
  name: 'keys rotate',
  summary: "change the operator's key of a store's chains",
  help: `
Usage: foldbook keys rotate --operator-key OLD --new NEW --store DIR
       foldbook keys rotate --operator-key OLD --new NEW --store DIR --market NAME
                            [--from-epoch N] [--out FILE]

Changes the operator's key of every market in the store that OLD signs (with --market: of that one)
from the first epoch on that is not in the store. Both keys sign that, and each market's list of
changes goes into the store, where every verifier looks for it. NEW is made if it is not there. A
change can't be taken back: another one from OLD is evidence against its owner.

One prover signs with one key, so change all its markets. Of a market that OLD still signs this says
so: without OLD it can't be proved any further, nor its key changed. Keep OLD until then.

The market's prover must not run meanwhile: an epoch that it signs by OLD after the change says
NEW would break the chain for good (STORE_LOCKED names the process; stop it first). Start it again
with the new key (operatorKeyFile) before epoch N. Certify the nodes' keys anew before that, too.

OLD need not be on the prover's machine: a copy of the store's genesis.fbg and, after an earlier
change, ${KEY_CHANGES_FILE} is enough; name N then, far enough ahead. Stop the prover before you
put FILE into the store, and look that epoch N is not there yet.

  --operator-key F  the operator's secret key, operator.key beside the proofs
  --new FILE        the secret key that follows it
  --store DIR       folder of the proof store
  --market NAME     change the key of this market alone
  --from-epoch N    ...from epoch N on, one that is not in the store
  --out FILE        ...and write the list of changes to FILE, for you to put it into DIR/NAME, where
                    its name is ${KEY_CHANGES_FILE}
  --json            {"market","fromEpoch","oldKey","newKey","list","oldKeySigns":[markets]}, a line
                    for each market whose key is changed

Example: foldbook keys rotate --operator-key operator.key --new operator-2.key --store proofs`,
  takes: [],
  options: {
    'operator-key': { type: 'string' },
    new: { type: 'string' },
    store: { type: 'string' },
    market: { type: 'string' },
    'from-epoch': { type: 'string' },
    out: { type: 'string' },
  },
  run: runRotate,
};

/** What a change has to go on from. */
interface Known {
  readonly market: string;
  readonly operatorKey: Uint8Array;
  readonly chainId: Uint8Array;
  readonly changes: readonly KeyChange[];
  readonly lastKey: Uint8Array;
  /** Epochs that are signed. */
  readonly epochs: number;
}

/** A change that is signed, and not yet written. */
interface Change {
  readonly market: string;
  readonly fromEpoch: number;
  readonly path: string;
  readonly list: Uint8Array;
}

interface KeyFiles {
  readonly oldFile: string;
  readonly newFile: string;
  readonly oldSecret: Uint8Array;
  /** Public, hex. */
  readonly oldKey: string;
}

async function runRotate(context: CommandContext): Promise<number> {
  const oldFile = context.required('operator-key');
  const newFile = context.required('new');
  const store = resolve(context.required('store'));
  const asked = context.text('market');
  if (asked !== undefined) checkMarketName(asked);
  const markets = asked === undefined ? await allMarkets(store) : [await findMarket(store, asked)];
  // A new key in its place would be nobody's.
  if (!existsSync(oldFile)) throw new UsageError(`${oldFile} is not there`);
  const oldSecret = await secretOf(oldFile);
  const files = { oldFile, newFile, oldSecret, oldKey: bytesToHex(publicKeyOf(oldSecret)) };
  const signed = await chainsOf(store, markets, files);
  checkOneChain(context, signed);
  const out = context.text('out');
  if (out !== undefined) {
    checkAhead(context, store, signed);
    return changeKeys(context, store, signed, files);
  }
  const locks = takeStores(store, signed);
  try {
    // Its prover may have gone on until then.
    const names = signed.map(({ market }) => market);
    return await changeKeys(context, store, await chainsOf(store, names, files), files);
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** What a prover has under way is signed, and not in the store yet. */
function checkAhead(context: CommandContext, store: string, signed: readonly Known[]): void {
  for (const { market } of signed) {
    const holder = proofStoreHolder(join(store, market));
    if (holder === undefined || context.text('from-epoch') !== undefined) continue;
    const what = `process ${holder.pid} proves ${market} in ${store}`;
    throw new UsageError(`${what}: name --from-epoch, well ahead of what it proves`);
  }
}

type StoreLock = ReturnType<typeof takeProofStore>;

/** Of every market that is changed, or of none. */
function takeStores(store: string, signed: readonly Known[]): StoreLock[] {
  const locks: StoreLock[] = [];
  try {
    for (const { market } of signed) locks.push(takeStore(store, market));
    return locks;
  } catch (error) {
    for (const lock of locks) lock.release();
    throw error;
  }
}

function takeStore(store: string, market: string): StoreLock {
  try {
    return takeProofStore(join(store, market));
  } catch (error) {
    if (error instanceof StreamError) {
      throw new UsageError(`STORE_LOCKED: ${market} in ${store}: ${error.message}`);
    }
    throw new UsageError(`${join(store, market)} can't be written: ${fileTrouble(error)}`);
  }
}

async function changeKeys(
  context: CommandContext,
  store: string,
  signed: readonly Known[],
  { oldFile, newFile, oldSecret, oldKey }: KeyFiles,
): Promise<number> {
  const fromEpochs = signed.map((known) => firstEpoch(context, known));
  const newSecret = await secretOf(newFile);
  // All of them before the first is written: a market that refuses leaves the others as they are.
  const changes = signed.map((known, index): Change => {
    const { market } = known;
    const fromEpoch = fromEpochs[index] ?? known.epochs;
    const list = changed(known, BigInt(fromEpoch), oldSecret, newSecret);
    const path = context.text('out') ?? join(store, market, KEY_CHANGES_FILE);
    return { market, fromEpoch, path, list };
  });
  for (const { path, list } of changes) await replace(path, list);
  const oldKeySigns = await stillSigned(store, oldKey, changes);
  const keys = { oldKey, newKey: bytesToHex(publicKeyOf(newSecret)) };
  for (const { market, fromEpoch, path } of changes) {
    const words = [
      `${market}: from epoch ${fromEpoch} on the operator's key is ${keys.newKey}`,
      `  the list of changes is in ${path}`,
    ];
    const result = { market, fromEpoch, ...keys, list: path, oldKeySigns };
    context.output.result(result, words.join('\n'));
  }
  for (const line of whatNext(oldFile, newFile, oldKeySigns)) context.output.say(line);
  return 0;
}

/** --from-epoch and --out are of one chain: epochs and lists are each market's own. */
function checkOneChain(context: CommandContext, signed: readonly Known[]): void {
  const ofOne = ['from-epoch', 'out'].find((name) => context.text(name) !== undefined);
  if (signed.length === 1 || ofOne === undefined) return;
  const names = signed.map(({ market }) => market).join(', ');
  throw new UsageError(`--${ofOne} is of one chain: name ${names} with --market, one by one`);
}

/** Those that the old key signs. @throws UsageError where there are none */
async function chainsOf(
  store: string,
  markets: readonly string[],
  { oldFile, oldKey }: KeyFiles,
): Promise<Known[]> {
  const chains = await Promise.all(markets.map((market) => readKnown(store, market)));
  const signed = chains.filter(({ lastKey }) => bytesToHex(lastKey) === oldKey);
  if (signed.length > 0) return signed;
  throw otherKey(oldFile, oldKey, chains);
}

function firstEpoch(context: CommandContext, { epochs }: Known): number {
  const epoch = context.integer('from-epoch', 0, Number.MAX_SAFE_INTEGER) ?? epochs;
  if (epoch >= epochs) return epoch;
  const mend = `name ${epochs} or a later one`;
  throw new UsageError(`--from-epoch ${epoch}: it is in the store, and signed; ${mend}`);
}

function otherKey(file: string, key: string, chains: readonly Known[]): UsageError {
  const theirs = chains.map(({ market, lastKey }) => `that of ${market} is ${bytesToHex(lastKey)}`);
  return new UsageError(`${file} is the key ${key}; ${theirs.join(', ')}`);
}

/** Markets of the store that the old key signs after the changes; one that can't be read may be. */
async function stillSigned(
  store: string,
  oldKey: string,
  changes: readonly Change[],
): Promise<string[]> {
  const others = (await allMarkets(store)).filter(
    (market) => !changes.some((change) => change.market === market),
  );
  const signs = await Promise.all(
    others.map(async (market) => {
      const known = await readKnown(store, market).catch(() => undefined);
      return known === undefined || bytesToHex(known.lastKey) === oldKey;
    }),
  );
  return others.filter((_, index) => signs[index]);
}

function whatNext(oldFile: string, newFile: string, oldKeySigns: readonly string[]): string[] {
  return [
    `start the prover with ${newFile} (operatorKeyFile) before it signs that`,
    "certify the nodes' keys with it before that: foldbook keys certify KEY --operator-key ...",
    ...oldKeySigns.map(
      (market) => `${oldFile} still signs ${market}: change that with --market ${market}, too`,
    ),
    `keep ${oldFile} until the new key has signed an epoch of every market; then destroy it`,
  ];
}

async function readKnown(store: string, market: string): Promise<Known> {
  const unfit = (words: string) => new UsageError(`${store}, ${market}: ${words}; restore it`);
  try {
    const source = openStoreFolder(store, market);
    const genesis = (await source.genesis()) ?? new Uint8Array();
    const decoded = decodeGenesis(genesis);
    if (!decoded.ok) throw unfit(decoded.error.message);
    const chainId = genesisHash(genesis);
    const keys = readOperatorKeys(decoded.value, chainId, await source.keyChanges());
    if (!keys.ok) throw unfit(`${keys.code}: ${keys.message}`);
    const listing = listEpochs(await source.epochNames());
    if (!listing.ok) throw unfit(listing.message);
    const { operatorKey } = decoded.value;
    const lastKey = keys.terms.at(-1)?.key ?? operatorKey;
    const { changes } = keys;
    return { market, operatorKey, chainId, changes, lastKey, epochs: listing.epochs };
  } catch (error) {
    if (error instanceof SourceError) throw unfit(error.message);
    throw error;
  }
}

/** The list with the change, as every verifier will take it. */
function changed(
  { market, operatorKey, chainId, changes }: Known,
  firstEpoch: bigint,
  oldSecret: Uint8Array,
  newSecret: Uint8Array,
): Uint8Array {
  if (changes.length >= KEY_CHANGES_MAX) {
    const times = `${KEY_CHANGES_MAX} times`;
    throw new UsageError(`${market}: the key was changed ${times}: begin a new chain`);
  }
  const list = [...changes, signKeyChange({ chainId, firstEpoch }, oldSecret, newSecret)];
  const checked = operatorKeys({ operatorKey }, chainId, list);
  if (!checked.ok) {
    const mend = 'name another --new or --from-epoch';
    throw new UsageError(`${market}: ${checked.message}; ${mend}`);
  }
  return encodeKeyChanges(list);
}

async function secretOf(path: string): Promise<Uint8Array> {
  try {
    return await loadSecretKey(path);
  } catch (error) {
    if (error instanceof KeyFileError) throw new UsageError(error.message);
    throw new UsageError(`${path} can't be read: ${fileTrouble(error)}`);
  }
}

/** Whole or not at all, and there to stay: verifiers may be reading. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
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
