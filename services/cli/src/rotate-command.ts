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
import type { CommandContext } from './command.ts';
import { fileTrouble } from './file-trouble.ts';
import { checkMarketName } from './order-arguments.ts';
import { findMarket } from './verify-store.ts';

export const ROTATE_HELP = `Usage: foldbook keys rotate --operator-key OLD --new NEW --store DIR
                            [--market NAME] [--from-epoch N] [--out FILE]

Changes the operator's key of a market's chain from epoch N on (default: the first that is not in
the store). Both keys sign that, and the list of changes goes into the store, where every verifier
looks for it; with --out it goes to FILE instead, for you to put it into DIR/NAME, where its name is
${KEY_CHANGES_FILE}. NEW is made if it is not there. A change can't be taken back: another one
from OLD is evidence against its owner.

The market's prover must not run meanwhile: an epoch that it signs by OLD after the change says
NEW would break the chain for good (STORE_LOCKED names the process; stop it first). Start it again
with the new key (operatorKeyFile) before epoch N. Certify the nodes' keys anew before that, too.

OLD need not be on the prover's machine: a copy of the store's genesis.fbg and, after an earlier
change, ${KEY_CHANGES_FILE} is enough; name N then, far enough ahead. Stop the prover before you
put FILE into the store, and look that epoch N is not there yet.

Example: foldbook keys rotate --operator-key operator.key --new operator-2.key --store proofs`;

/** What a change has to go on from. */
interface Known {
  readonly operatorKey: Uint8Array;
  readonly chainId: Uint8Array;
  readonly changes: readonly KeyChange[];
  readonly lastKey: Uint8Array;
  /** Epochs that are signed. */
  readonly epochs: number;
}

export async function runRotate(context: CommandContext): Promise<number> {
  const store = resolve(context.required('store'));
  const asked = context.text('market');
  if (asked !== undefined) checkMarketName(asked);
  const market = await findMarket(store, asked);
  const out = context.text('out');
  if (out !== undefined) {
    // What a prover has under way is signed, and not in the store yet.
    const holder = proofStoreHolder(join(store, market));
    if (holder !== undefined && context.text('from-epoch') === undefined) {
      const what = `process ${holder.pid} proves ${market} in ${store}`;
      throw new UsageError(`${what}: name --from-epoch, well ahead of what it proves`);
    }
    return rotate(context, store, market, out);
  }
  const lock = takeStore(store, market);
  try {
    return await rotate(context, store, market, join(store, market, KEY_CHANGES_FILE));
  } finally {
    lock.release();
  }
}

function takeStore(store: string, market: string): ReturnType<typeof takeProofStore> {
  try {
    return takeProofStore(join(store, market));
  } catch (error) {
    if (error instanceof StreamError) {
      throw new UsageError(`STORE_LOCKED: ${market} in ${store}: ${error.message}`);
    }
    throw new UsageError(`${join(store, market)} can't be written: ${fileTrouble(error)}`);
  }
}

async function rotate(
  context: CommandContext,
  store: string,
  market: string,
  path: string,
): Promise<number> {
  const oldFile = context.required('operator-key');
  const newFile = context.required('new');
  const known = await readKnown(store, market);
  const epoch = context.integer('from-epoch', 0, Number.MAX_SAFE_INTEGER) ?? known.epochs;
  if (epoch < known.epochs) {
    const mend = `name ${known.epochs} or a later one`;
    throw new UsageError(`--from-epoch ${epoch}: it is in the store, and signed; ${mend}`);
  }
  // A new key in its place would be nobody's.
  if (!existsSync(oldFile)) throw new UsageError(`${oldFile} is not there`);
  const oldSecret = await secretOf(oldFile);
  const [oldKey, lastKey] = [publicKeyOf(oldSecret), known.lastKey].map(bytesToHex);
  if (oldKey !== lastKey) {
    throw new UsageError(`${oldFile} is the key ${oldKey}; that of ${market} is ${lastKey}`);
  }
  const newSecret = await secretOf(newFile);
  const list = changed(known, BigInt(epoch), oldSecret, newSecret);
  await replace(path, list);
  const newKey = bytesToHex(publicKeyOf(newSecret));
  const words = [
    `${market}: from epoch ${epoch} on the operator's key is ${newKey}`,
    `  the list of changes is in ${path}`,
    `  start the prover with ${newFile} (operatorKeyFile) before it signs epoch ${epoch}`,
    `  certify the nodes' keys with it before that: foldbook keys certify KEY --operator-key ...`,
  ];
  const result = { market, fromEpoch: epoch, oldKey, newKey, list: path };
  context.output.result(result, words.join('\n'));
  return 0;
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
    return { operatorKey, chainId, changes, lastKey, epochs: listing.epochs };
  } catch (error) {
    if (error instanceof SourceError) throw unfit(error.message);
    throw error;
  }
}

/** The list with the change, as every verifier will take it. */
function changed(
  { operatorKey, chainId, changes }: Known,
  firstEpoch: bigint,
  oldSecret: Uint8Array,
  newSecret: Uint8Array,
): Uint8Array {
  if (changes.length >= KEY_CHANGES_MAX) {
    throw new UsageError(`the key was changed ${KEY_CHANGES_MAX} times: begin a new chain`);
  }
  const list = [...changes, signKeyChange({ chainId, firstEpoch }, oldSecret, newSecret)];
  const checked = operatorKeys({ operatorKey }, chainId, list);
  if (!checked.ok) throw new UsageError(`${checked.message}; name another --new or --from-epoch`);
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
