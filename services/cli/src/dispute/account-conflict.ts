/** Account proofs against the signed epochs of a store, or each other: words of one operator. */
import {
  type AccountProofFile,
  checkAccountProof,
  checkEvidence,
  decodeAccountProof,
  decodeHeaderOf,
  type Evidence,
  encodeKeyChanges,
  evidenceText,
  headersConflict,
  keyListConflict,
  operatorKeys,
  readGenesisFile,
} from '@foldbook/verifier';
import { readAccountProof } from '../account-proof-file.ts';
import { UsageError } from '../cli-error.ts';
import { printable } from '../printable.ts';
import type { Difference } from './compare.ts';
import type { SignedChain, SignedEpoch } from './signed-epochs.ts';

export interface AccountConflict {
  readonly words: string;
  readonly evidence: Evidence;
}

type ChainKeys = Pick<SignedChain, 'genesisBytes' | 'keyChanges' | 'operatorKeys'>;
/** What a proof has of its chain. */
type ProofEpoch = ChainKeys & { readonly epoch: SignedEpoch };

/**
 * Where a proof that holds by itself and the store's chain can't both be true; undefined where they
 * can. A store that ends before the proof's epoch may contradict it too: the next epoch's header
 * names the one before it, and any later one begins behind it.
 */
export function accountConflict(
  proof: AccountProofFile,
  chain: SignedChain,
): AccountConflict | undefined {
  const own = epochOf(proof);
  if (own === undefined) return undefined;
  const { epoch } = own.epoch.header;
  return signedConflict(own, chain, chain.epochs[Number(epoch)] ?? chain.epochs.at(-1));
}

/** Undefined for a proof that does not hold by itself. */
function epochOf(proof: AccountProofFile): ProofEpoch | undefined {
  const { genesis: genesisBytes, headerBytes, signature } = proof;
  const start = readGenesisFile(genesisBytes);
  const header = decodeHeaderOf(proof.chain, headerBytes);
  if ('ok' in start || !header.ok) return undefined;
  const keys = operatorKeys(start.genesis, start.genesisHash, proof.keyChanges);
  if (!keys.ok) return undefined;
  const keyChanges = proof.keyChanges.length === 0 ? undefined : encodeKeyChanges(proof.keyChanges);
  const signed = { header: headerBytes, signature, keyChanges };
  return { genesisBytes, keyChanges, operatorKeys: keys, epoch: { header: header.value, signed } };
}

function signedConflict(
  own: ProofEpoch,
  chain: ChainKeys,
  other: SignedEpoch | undefined,
): AccountConflict | undefined {
  const { genesisBytes: genesis, epoch } = own;
  if (Buffer.compare(genesis, chain.genesisBytes) !== 0) return undefined;
  const lists = keyListConflict(own.operatorKeys, chain.operatorKeys);
  if (lists !== undefined && own.keyChanges !== undefined && chain.keyChanges !== undefined) {
    const both = [own.keyChanges, chain.keyChanges];
    return { words: lists.words, evidence: { kind: 'keys', genesis, lists: both } };
  }
  if (other === undefined) return undefined;
  const words = headersConflict(
    { header: epoch.header, bytes: epoch.signed.header },
    { header: other.header, bytes: other.signed.header },
  );
  if (words === undefined) return undefined;
  return { words, evidence: { kind: 'headers', genesis, headers: [epoch.signed, other.signed] } };
}

interface ComparedProofs {
  readonly market: string;
  /** Undefined where both may be true. */
  readonly difference: Difference | undefined;
}

/**
 * Two files that customers of one operator were given, by what it signed and, of one chain, by
 * their rows.
 * @throws UsageError for one that does not hold by itself, and for files of two chains of which the
 * headers do not contradict each other
 */
export async function compareAccountProofs(
  file: string,
  otherFile: string,
): Promise<ComparedProofs> {
  const [one, other] = [await readProved(file), await readProved(otherFile)];
  const { market, genesisHash } = one.proved;
  const isOneChain = genesisHash === other.proved.genesisHash;
  const conflict = isOneChain
    ? (signedConflict(one, other, other.epoch) ?? rowsConflict(one.bytes, other.bytes))
    : chainsConflict(one, other);
  if (conflict === undefined && !isOneChain) {
    const chains = `${genesisHash} and ${other.proved.genesisHash}`;
    const words = 'whose headers do not contradict each other: nothing else in them is compared';
    throw new UsageError(`the files are of two chains, ${chains}, ${words}`);
  }
  const at = Number(one.proved.epoch);
  return { market, difference: conflict === undefined ? undefined : { at, ...conflict } };
}

/** Two chains of one market, whose headers may tell of one log. */
function chainsConflict(one: ProofEpoch, other: ProofEpoch): AccountConflict | undefined {
  const sides = [one, other].map(({ genesisBytes, epoch }) => {
    return { genesis: genesisBytes, ...epoch.signed };
  });
  return heldConflict({ kind: 'chains', sides });
}

async function readProved(file: string) {
  const bytes = await readAccountProof(file);
  const proved = checkAccountProof(bytes);
  if (!proved.ok) {
    const words = `${proved.code}: ${printable(proved.message)}`;
    throw new UsageError(`${file} shows nothing: ${words}; see foldbook verify --account ${file}`);
  }
  const proof = decodeAccountProof(bytes);
  const epoch = proof.ok ? epochOf(proof.value) : undefined;
  if (epoch === undefined) throw new Error('unreachable: the proof was checked');
  return { bytes, proved, ...epoch };
}

/** Of one header: what no table has. */
const rowsConflict = (a: Uint8Array, b: Uint8Array): AccountConflict | undefined =>
  heldConflict({ kind: 'accounts', proofs: [a, b] });

/** Undefined for what is no evidence. */
function heldConflict(evidence: Evidence): AccountConflict | undefined {
  const checked = checkEvidence(evidenceText(evidence));
  return checked.ok ? { words: checked.words, evidence } : undefined;
}
