/** `verify --account`: what an account is owed, by a file that its operator signed. */
import { resolve } from 'node:path';
import {
  type AccountProved,
  bytesToHex,
  CHANGE_LEFT_OUT,
  type ChainAccepted,
  checkAccountProof,
  checkEvidence,
  decodeAccountProof,
  type EpochSource,
  evidenceText,
  listEpochs,
  type Refused,
  readGenesisFile,
  verifyChain,
} from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { kernelCommitments } from '@foldbook/verifier/stark-data';
import { readAccountProof } from './account-proof-file.ts';
import { accountProofWords } from './account-proof-words.ts';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { accountConflict } from './dispute/account-conflict.ts';
import { writeEvidence } from './dispute/evidence-folder.ts';
import { readSignedChain } from './dispute/signed-epochs.ts';
import { printable } from './printable.ts';
import { DEV_KEYS_WARNING, isProved, NOT_PROVED } from './proved-words.ts';
import { chosenChains } from './verify-chains.ts';
import { folderOptions, genesisFrom, operatorFrom, recordsLimit } from './verify-options.ts';
import { completed, findMarket } from './verify-store.ts';

/** What was shown beside the signature. */
interface Standing {
  readonly shown: readonly string[];
  readonly notShown: readonly string[];
  /** The chain that it stands in, if a store was given. */
  readonly chain?: ChainAccepted;
}

/** Of one that contradicts a store: the file of evidence. */
type Contradicted = Refused & { readonly evidence: string };
type Checked = { readonly ok: true; readonly standing: Standing } | Refused | Contradicted;

/** What is of a chain or of its log; of a proof nothing would come of it. */
const OF_A_CHAIN = ['chain', 'epochs', 'level', 'log', 'nats', 'user', 'partition'];

/** Exit status 0 where the file is signed, and in the store's proved chain if one is named. */
export async function verifyAccount(context: CommandContext, file: string): Promise<number> {
  const needless = OF_A_CHAIN.find((name) => context.text(name) !== undefined);
  if (needless !== undefined) {
    throw new UsageError(`--${needless} is not for --account: leave it away`);
  }
  const bytes = await readAccountProof(file);
  const proved = checkAccountProof(bytes);
  const checked = proved.ok ? await stand(context, proved, bytes) : proved;
  if (!checked.ok) {
    const { code, message } = checked;
    const evidence = 'evidence' in checked ? checked.evidence : undefined;
    const words = `REFUSED: ${code}: ${printable(message)}`;
    const refusal = { ok: false, verdict: 'refused', code, message };
    if (evidence === undefined) context.output.result(refusal, words);
    else {
      const told = { ...refusal, evidence };
      context.output.result(told, `${words}; evidence: ${evidence}`);
    }
    return 1;
  }
  if (!proved.ok) throw new Error('unreachable: a refused proof stands nowhere');
  const { shown, notShown, chain } = checked.standing;
  const isStanding = chain === undefined || (isProved(chain) && isBound(proved, chain));
  const words = [
    ...(isStanding ? [] : [`${NOT_PROVED}: ${unproved(proved, chain)}`]),
    accountProofWords(proved),
    ...(chain?.devKeys ? [DEV_KEYS_WARNING] : []),
    'shown:',
    ...shown.map((line) => `  + ${line}`),
    'not shown:',
    ...notShown.map((line) => `  - ${line}`),
  ];
  const { level, devKeys } = chain ?? {};
  const verdict = isStanding && chain !== undefined ? 'verified' : 'signed';
  const told = { ...proved, ok: isStanding, verdict, level, devKeys, shown, notShown };
  context.output.result(told, words.join('\n'));
  return isStanding ? 0 : 1;
}

/** Proofs of a STARK chain do not bind the tree that the account's row is in: the records do. */
const isBound = (proved: AccountProved, chain: ChainAccepted): boolean =>
  proved.chain === 'poseidon' || chain.level !== 'settlement';

function unproved(proved: AccountProved, chain: ChainAccepted): string {
  if (!isProved(chain)) return `the store's chain up to epoch ${proved.epoch}`;
  return 'what the account has: the chain is proved, its plain tree of accounts is not';
}

/** Whose word the file is: the genesis that was asked for, and the chain of a store. */
async function stand(
  context: CommandContext,
  proved: AccountProved,
  file: Uint8Array,
): Promise<Checked> {
  const asked = context.text('market');
  if (asked !== undefined && asked !== proved.market) {
    throw new UsageError(`--market ${asked}: the proof is of ${proved.market}`);
  }
  const genesisHash = genesisFrom(context.text('genesis'))?.toLowerCase();
  if (genesisHash !== undefined && genesisHash !== proved.genesisHash) {
    const message = `the genesis hash is ${proved.genesisHash}, expected is ${genesisHash}`;
    return { ok: false, code: 'GENESIS_UNEXPECTED', message };
  }
  const operatorKey = operatorFrom(context.text('operator'));
  const keys = keysOf(file);
  if (operatorKey !== undefined && !keys.includes(operatorKey)) {
    const message = `the operator's keys are ${keys.join(', ')} there`;
    return { ok: false, code: 'OPERATOR_KEY', message };
  }
  const root = proved.chain === 'stark' ? "one root, of the header's plain tree," : 'one root,';
  const shown = [
    `the account's totals and what is owed in all lie under ${root} which the operator signed`,
  ];
  const notShown = ['anything about what happened after that epoch'];
  if (genesisHash === undefined) {
    notShown.push('that this is the right operator: compare the genesis hash with one you trust');
  }
  const store = context.text('store');
  if (store !== undefined) {
    await findMarket(resolve(store), proved.market);
    const contradicted = await contradict(context, proved, { file, store });
    return contradicted ?? standInChain(context, proved, { store, operatorKey, shown, notShown });
  }
  notShown.unshift(NOT_BACKED);
  if (proved.chain === 'stark') notShown.push(NOT_BOUND);
  if (operatorKey !== keys.at(-1)) notShown.push(CHANGE_LEFT_OUT);
  notShown.push('that the root is of the proved chain, and its latest: give its --store');
  return { ok: true, standing: { shown, notShown } };
}

/** A chain that is verified says so too. */
const NOT_BACKED = 'that deposits are backed: it says what is owed, not that it is there';

const NOT_BOUND =
  'that the plain tree has the proved balances: no proof of a STARK chain binds it; a --store ' +
  'with the records does';

const RECOMPUTED =
  'the plain tree is that of the balances: they were recomputed from the proved records';

/** The operator's keys, hex: the genesis's, and those that the file has changes to. */
function keysOf(file: Uint8Array): string[] {
  const proof = decodeAccountProof(file);
  const start = proof.ok ? readGenesisFile(proof.value.genesis) : proof;
  if (!proof.ok || 'ok' in start) throw new Error('unreachable: the proof was checked');
  const keys = [start.genesis.operatorKey, ...proof.value.keyChanges.map(({ newKey }) => newKey)];
  return keys.map(bytesToHex);
}

/**
 * Whether one operator's keys signed the proof and a store that say otherwise. Asked before the
 * store is verified: what was signed is evidence, whether or not its proofs hold.
 */
async function contradict(
  context: CommandContext,
  { market, chain: kind }: AccountProved,
  { file, store }: { readonly file: Uint8Array; readonly store: string },
): Promise<Contradicted | undefined> {
  const proof = decodeAccountProof(file);
  const chain = await readSignedChain(resolve(store), market, kind).catch((error: unknown) => {
    // A store that is no chain contradicts nothing; the verifier says what is wrong with it.
    if (error instanceof UsageError) return undefined;
    throw error;
  });
  const found = proof.ok && chain ? accountConflict(proof.value, chain) : undefined;
  if (found === undefined) return undefined;
  const { words, evidence } = found;
  const path = await writeEvidence(context.text('out') ?? '.', market, evidence);
  const code = evidence.kind === 'keys' ? 'OPERATOR_KEY' : 'HEADER_CHAIN';
  const checked = checkEvidence(evidenceText(evidence));
  const isRetired = checked.ok && checked.against === 'retired';
  const thief = isRetired ? ', or somebody who has a key that was changed,' : '';
  const message = `${words}: one operator${thief} signed what the proof has, and what ${store} has`;
  return { ok: false, code, message, evidence: path };
}

/** A copy that ends before the proof is no witness of anything. */
async function checkReach(
  source: EpochSource,
  { epoch }: AccountProved,
  store: string,
): Promise<void> {
  const listing = listEpochs(await source.epochNames());
  if (!listing.ok || epoch < BigInt(listing.epochs)) return;
  const ends = listing.epochs === 0 ? 'has no epoch' : `ends with epoch ${listing.epochs - 1}`;
  throw new UsageError(`${store} ${ends}, the proof is of epoch ${epoch}: get a newer copy`);
}

interface StoreNamed {
  readonly store: string;
  /** Hex; undefined where none was named. */
  readonly operatorKey: string | undefined;
}

async function standInChain(
  context: CommandContext,
  proved: AccountProved,
  { store, operatorKey, shown, notShown }: Omit<Standing, 'chain'> & StoreNamed,
): Promise<Checked> {
  const folder = folderOptions(context.text('max-file'));
  const { genesisHash, headHash, market, chain: kind } = proved;
  await chosenChains({ store: resolve(store), market, folder, genesisHash }, kind);
  const source = openStoreFolder(resolve(store), market, { ...folder, chain: kind });
  const range = { to: Number(proved.epoch), ...recordsLimit(folder) };
  await checkReach(source, proved, store);
  const pin = operatorKey === undefined ? {} : { operatorKey };
  const commitments = kernelCommitments;
  const verified = await verifyChain(source, { genesisHash, commitments, ...pin, ...range });
  const chain = await completed(verified, { source, to: range.to, levelChosen: true });
  if (!chain.ok) {
    const { code, message, part, epoch } = chain.firstFailure;
    const where = epoch === undefined ? part : `epoch ${epoch}, ${part}`;
    return { ok: false, code, message: `${store}, ${where}: ${message}` };
  }
  if (chain.headHash !== headHash) {
    const heads = `head ${chain.headHash} in ${store}, the proof has ${headHash}`;
    const message = `epoch ${proved.epoch} has ${heads}: the store has changed meanwhile`;
    return { ok: false, code: 'HEADER_CHAIN', message };
  }
  const isLast = !chain.notShown.some((line) => line.startsWith('anything about epoch'));
  const latest = `that it is the latest root: the store goes on after epoch ${proved.epoch}`;
  const inChain = `its root is the chain's${isLast ? ', and its last' : ''}`;
  const isRecomputed = kind === 'stark' && isBound(proved, chain);
  const ofTree = isRecomputed ? [RECOMPUTED] : [];
  return {
    ok: true,
    standing: {
      chain,
      shown: [...shown, inChain, ...ofTree, ...chain.shown],
      notShown: [...notShown, ...(isLast ? [] : [latest]), ...chain.notShown],
    },
  };
}
