/** `keys rotate`: the operator's key of a store's chains is changed, as both keys sign. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KeyFileError, loadSecretKey } from '@foldbook/runtime';
import { bytesToHex, KEY_CHANGES_FILE, publicKeyOf } from '@foldbook/verifier';
import { chainFolder } from '@foldbook/verifier/node';
import { UsageError } from './cli-error.ts';
import type { CliCommand, CommandContext } from './command.ts';
import { fileTrouble } from './file-trouble.ts';
import { checkMarketName } from './order-arguments.ts';
import {
  type ChainName,
  chainName,
  chainsIn,
  changedList,
  holderOf,
  type KnownChain,
  lostChainsIn,
  readKnown,
  replaceList,
  signedBy,
  takeChains,
} from './rotate-chains.ts';
import { chainFrom } from './verify-chains.ts';
import { everyMarket, findMarket, lostChain } from './verify-store.ts';

export const rotate: CliCommand = {
  name: 'keys rotate',
  summary: "change the operator's key of a store's chains",
  help: `
Usage: foldbook keys rotate --operator-key OLD --new NEW --store DIR
       foldbook keys rotate --operator-key OLD --new NEW --store DIR --market NAME [--chain KIND]
                            [--from-epoch N] [--out FILE]

Changes the operator's key of every chain in the store that OLD signs (with --market, --chain: of
that one), STARK and Poseidon, from the first epoch on that the chain has not got. Both keys sign
that, and each chain's list of changes goes into the store, where every verifier looks for it: all
lists, or none if one can't be changed, as of a chain that has epochs and no genesis.fbg. NEW is
made if it is not there. A change can't be taken back: another one from OLD is evidence against its
owner.

One prover signs with one key, so change all its chains. Of one that OLD still signs this says so:
without OLD it can't be proved any further, nor its key changed. Keep OLD until then.

The market's prover must not run meanwhile: an epoch that it signs by OLD after the change says
NEW would break the chain for good (STORE_LOCKED names the process; stop it first). Start it again
with the new key (operatorKeyFile) before epoch N. Certify the nodes' keys anew before that, too.

OLD need not be on the prover's machine: a copy of the chain's genesis.fbg and, after an earlier
change, ${KEY_CHANGES_FILE} is enough, in DIR/NAME or, of a STARK chain, DIR/NAME/stark; name N
then, far enough ahead. Stop the prover before you put FILE into the store, and look that epoch N is
not there yet.

  --operator-key F  the operator's secret key, operator.key beside the proofs
  --new FILE        the secret key that follows it
  --store DIR       folder of the proof store
  --market NAME     change the key of this market alone
  --chain KIND      ...of its stark or its poseidon chain alone (default: of those it has)
  --from-epoch N    ...from epoch N on, one that is not in the store; of one chain
  --out FILE        ...and write the chain's list of changes to FILE, for you to put it into
                    DIR/NAME or DIR/NAME/stark, where its name is ${KEY_CHANGES_FILE}
  --json            {"market","chain","fromEpoch","oldKey","newKey","list","oldKeySigns":[markets]}
                    for each chain whose key is changed, a line each

Example: foldbook keys rotate --operator-key operator.key --new operator-2.key --store proofs`,
  takes: [],
  options: {
    'operator-key': { type: 'string' },
    new: { type: 'string' },
    store: { type: 'string' },
    market: { type: 'string' },
    chain: { type: 'string' },
    'from-epoch': { type: 'string' },
    out: { type: 'string' },
  },
  run: runRotate,
};

/** A change that is signed, and not yet written. */
interface Change extends ChainName {
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
  const chains = await askedChains(context, store);
  // A new key in its place would be nobody's.
  if (!existsSync(oldFile)) throw new UsageError(`--operator-key ${oldFile} is not there`);
  const oldSecret = await secretOf(oldFile);
  const files = { oldFile, newFile, oldSecret, oldKey: bytesToHex(publicKeyOf(oldSecret)) };
  const signed = await signedChains(store, chains, files);
  checkOneChain(context, signed);
  const out = context.text('out');
  if (out !== undefined) {
    checkAhead(context, store, signed);
    return changeKeys(context, store, signed, files);
  }
  const locks = takeChains(store, signed);
  try {
    // Its prover may have gone on until then.
    return await changeKeys(context, store, await signedChains(store, signed, files), files);
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Those that are there of the markets and the kind that were named. */
async function askedChains(context: CommandContext, store: string): Promise<ChainName[]> {
  const [market, kind] = [context.text('market'), chainFrom(context.text('chain'))];
  if (market !== undefined) checkMarketName(market);
  const markets =
    market === undefined ? await everyMarket(store) : [await findMarket(store, market)];
  const isAsked = ({ chain }: ChainName) => kind === undefined || chain === kind;
  const lost = (await lostChainsIn(store, markets)).find(isAsked);
  // Nobody is told that the key was changed where one of the chains could not be looked at.
  if (lost !== undefined) {
    const orElse = ', or name what else to change with --market and --chain';
    throw lostChain(store, lost.market, lost.chain, orElse);
  }
  const ofKind = (await chainsIn(store, markets)).filter(isAsked);
  if (ofKind.length > 0) return ofKind;
  throw new UsageError(`${store} has no ${kind} chain of ${markets.join(', ')}`);
}

/** What a prover has under way is signed, and not in the store yet. */
function checkAhead(context: CommandContext, store: string, signed: readonly KnownChain[]): void {
  for (const known of signed) {
    const holder = holderOf(store, known);
    if (holder === undefined || context.text('from-epoch') !== undefined) continue;
    const what = `process ${holder.pid} proves ${known.market} in ${store}`;
    throw new UsageError(`${what}: name --from-epoch, well ahead of what it proves`);
  }
}

async function changeKeys(
  context: CommandContext,
  store: string,
  signed: readonly KnownChain[],
  { oldFile, newFile, oldSecret, oldKey }: KeyFiles,
): Promise<number> {
  const fromEpochs = signed.map((known) => firstEpoch(context, known));
  const newSecret = await secretOf(newFile);
  // All of them before the first is written: a chain that refuses leaves the others as they are.
  const changes = signed.map((known, index): Change => {
    const { market, chain } = known;
    const fromEpoch = fromEpochs[index] ?? known.epochs;
    const list = changedList(known, BigInt(fromEpoch), oldSecret, newSecret);
    const path = context.text('out') ?? join(chainFolder(store, market, chain), KEY_CHANGES_FILE);
    return { market, chain, fromEpoch, path, list };
  });
  for (const { path, list } of changes) await replaceList(path, list);
  const left = await signedBy(store, oldKey, await everyMarket(store), changes);
  const oldKeySigns = [...new Set(left.map(({ market }) => market))];
  const keys = { oldKey, newKey: bytesToHex(publicKeyOf(newSecret)) };
  for (const { market, chain, fromEpoch, path } of changes) {
    const words = [
      `${market}, ${chain}: from epoch ${fromEpoch} on the operator's key is ${keys.newKey}`,
      `  the list of changes is in ${path}`,
    ];
    const result = { market, chain, fromEpoch, ...keys, list: path, oldKeySigns };
    context.output.result(result, words.join('\n'));
  }
  for (const line of whatNext(oldFile, newFile, left)) context.output.say(line);
  return 0;
}

/** --from-epoch and --out are of one chain: epochs and lists are each chain's own. */
function checkOneChain(context: CommandContext, signed: readonly KnownChain[]): void {
  const ofOne = ['from-epoch', 'out'].find((name) => context.text(name) !== undefined);
  if (signed.length === 1 || ofOne === undefined) return;
  const markets = [...new Set(signed.map(({ market }) => market))];
  const mend =
    markets.length > 1
      ? `name ${markets.join(', ')} with --market, one by one`
      : `${markets.join()} has two, name stark or poseidon with --chain, one by one`;
  throw new UsageError(`--${ofOne} is of one chain: ${mend}`);
}

/** Those that the old key signs. @throws UsageError where there are none */
async function signedChains(
  store: string,
  names: readonly ChainName[],
  { oldFile, oldKey }: KeyFiles,
): Promise<KnownChain[]> {
  const chains = await Promise.all(
    names.map(({ market, chain }) => readKnown(store, { market, chain })),
  );
  const signed = chains.filter(({ lastKey }) => bytesToHex(lastKey) === oldKey);
  if (signed.length > 0) return signed;
  throw otherKey(oldFile, oldKey, chains);
}

function firstEpoch(context: CommandContext, { epochs }: KnownChain): number {
  const epoch = context.integer('from-epoch', 0, Number.MAX_SAFE_INTEGER) ?? epochs;
  if (epoch >= epochs) return epoch;
  const mend = `name ${epochs} or a later one`;
  throw new UsageError(`--from-epoch ${epoch}: it is in the store, and signed; ${mend}`);
}

function otherKey(file: string, key: string, chains: readonly KnownChain[]): UsageError {
  const theirs = chains.map(
    (chain) => `that of ${chainName(chain)} is ${bytesToHex(chain.lastKey)}`,
  );
  return new UsageError(`${file} is the key ${key}; ${theirs.join(', ')}`);
}

function whatNext(oldFile: string, newFile: string, left: readonly ChainName[]): string[] {
  return [
    `start the prover with ${newFile} (operatorKeyFile) before it signs that`,
    "certify the nodes' keys with it before that: foldbook keys certify KEY --operator-key ...",
    ...left.map((name) => {
      const which = `--market ${name.market} --chain ${name.chain}`;
      return `${oldFile} still signs ${chainName(name)}: change that with ${which}, too`;
    }),
    `keep ${oldFile} until the new key has signed an epoch of every chain; then destroy it`,
  ];
}

async function secretOf(path: string): Promise<Uint8Array> {
  try {
    return await loadSecretKey(path);
  } catch (error) {
    if (error instanceof KeyFileError) throw new UsageError(error.message);
    throw new UsageError(`${path} can't be read: ${fileTrouble(error)}`);
  }
}
