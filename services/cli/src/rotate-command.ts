/** `keys rotate`: the operator's key of a chain is changed, as both keys sign. */
import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { KeyFileError, loadSecretKey } from '@foldbook/runtime';
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

OLD need not be on the prover's machine: a copy of the store's genesis.fbg and, after an earlier
change, ${KEY_CHANGES_FILE} is enough; name N then. Stop the prover before epoch N, and
start it with the new key (operatorKeyFile). Certify the nodes' keys anew before that, too.

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

async function runRotate(context: CommandContext): Promise<number> {
  const oldFile = context.required('operator-key');
  const newFile = context.required('new');
  const store = resolve(context.required('store'));
  const asked = context.text('market');
  if (asked !== undefined) checkMarketName(asked);
  const chains = await chainsAsked(store, asked);
  // A new key in its place would be nobody's.
  if (!existsSync(oldFile)) throw new UsageError(`${oldFile} is not there`);
  const oldSecret = await secretOf(oldFile);
  const oldKey = bytesToHex(publicKeyOf(oldSecret));
  const signed = chains.filter(({ lastKey }) => bytesToHex(lastKey) === oldKey);
  if (signed.length === 0) throw otherKey(oldFile, oldKey, chains);
  checkOneChain(context, signed);
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

async function chainsAsked(store: string, market: string | undefined): Promise<Known[]> {
  const markets =
    market === undefined ? await allMarkets(store) : [await findMarket(store, market)];
  return Promise.all(markets.map((each) => readKnown(store, each)));
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

/** Whole or not at all: provers and verifiers may be reading. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.draft`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(draft, 'w', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    throw new UsageError(`${path} can't be written: ${fileTrouble(error)}`);
  }
}
