import { decodeCertificate, decodeReceipt } from '@foldbook/protocol/receipt';
import { bytesToHex, hexToBytes, sameBytes } from './bytes.ts';
import { type Refused, refused } from './reason-codes.ts';
import { isStarkGenesis } from './stark/genesis.ts';

/** An epoch's header as its operator signed it. */
export interface SignedHeader {
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
  /** `operator-keys.fbk` as it was with it: which key was to sign. None, if no key was changed. */
  readonly keyChanges?: Uint8Array | undefined;
}

/** A header with the genesis of its chain. */
export interface ChainSide extends SignedHeader {
  readonly genesis: Uint8Array;
}

/** What can't all be true. Bytes are hex in the file, which is JSON. */
export type Evidence =
  /** Two receipts that contradict each other. */
  | {
      readonly kind: 'receipts';
      readonly receipts: readonly Uint8Array[];
      readonly certificates: readonly Uint8Array[];
    }
  /**
   * A receipt and the header of the epoch that it belongs to. `groups` are those of the log from
   * the receipt's to the end of the epoch, and lead from `headBefore` to the head that is signed;
   * none, where the header itself contradicts the receipt.
   */
  | {
      readonly kind: 'header';
      readonly receipt: Uint8Array;
      readonly genesis: Uint8Array;
      readonly epoch: SignedHeader;
      readonly headBefore: Uint8Array;
      readonly groups: readonly Uint8Array[];
      readonly certificates: readonly Uint8Array[];
    }
  /**
   * A receipt and a log that holds something else in its place. Nobody signs a log: `groups` are
   * what it was shown to hold from the end of `anchor`, or from the market's beginning, on.
   */
  | {
      readonly kind: 'log';
      readonly receipt: Uint8Array;
      readonly genesis: Uint8Array | undefined;
      readonly anchor: SignedHeader | undefined;
      readonly groups: readonly Uint8Array[];
      readonly certificates: readonly Uint8Array[];
    }
  /** Two headers of one epoch of one chain, or of two epochs that do not go on from each other. */
  | {
      readonly kind: 'headers';
      readonly genesis: Uint8Array;
      readonly headers: readonly SignedHeader[];
    }
  /** Two lists of changes of one operator's key, which part where one key signed two changes. */
  | {
      readonly kind: 'keys';
      readonly genesis: Uint8Array;
      readonly lists: readonly Uint8Array[];
    }
  /** Headers of two chains of one market that begin behind one head of the log, or end with one. */
  | {
      readonly kind: 'chains';
      readonly sides: readonly ChainSide[];
    }
  /** Two account proofs of one header of a STARK chain, with rows of which no table has both. */
  | {
      readonly kind: 'accounts';
      readonly proofs: readonly Uint8Array[];
    };

const FORMAT = 'foldbook-evidence';
/** The first has neither STARK chains nor the kind of two chains, the second no account proofs. */
const VERSIONS: readonly unknown[] = [1, 2, 3];

/** What the groups of a file may have together; whose evidence has more is not written. */
export const EVIDENCE_GROUPS_BYTES_MAX = 64 * 1024 * 1024;
/** Two digits a byte, and room for everything else: with the values, a reader's memory's bound. */
export const EVIDENCE_CHARACTERS_MAX = 3 * EVIDENCE_GROUPS_BYTES_MAX;
/** Twice as many as groups of 128 bytes, the least. Each takes memory, also where it is empty. */
export const EVIDENCE_VALUES_MAX = 2 ** 20;
/** Each is a signature to check: as many as an honest operator has nodes and keys, and more. */
export const EVIDENCE_CERTIFICATES_MAX = 1_024;

/** The evidence as a file, one part a line; of certificates those of its receipts' keys, once. */
export function evidenceText(evidence: Evidence): string {
  const show = (_: string, value: unknown) =>
    value instanceof Uint8Array ? bytesToHex(value) : value;
  const parts = 'certificates' in evidence ? withOwnCertificates(evidence) : evidence;
  return `${JSON.stringify({ format: FORMAT, v: versionOf(evidence), ...parts }, show, 1)}\n`;
}

type Certified = Extract<Evidence, { readonly certificates: readonly Uint8Array[] }>;

function withOwnCertificates(evidence: Certified): Certified {
  const receipts = evidence.kind === 'receipts' ? evidence.receipts : [evidence.receipt];
  const keys = receipts.flatMap((bytes) => {
    const receipt = decodeReceipt(bytes);
    return receipt.ok ? [receipt.value.publicKey] : [];
  });
  const own = new Map<string, Uint8Array>();
  for (const bytes of evidence.certificates) {
    const certificate = decodeCertificate(bytes);
    if (!certificate.ok) continue;
    const { nodeKey } = certificate.value;
    if (keys.some((key) => sameBytes(key, nodeKey))) own.set(bytesToHex(bytes), bytes);
  }
  return { ...evidence, certificates: [...own.values()] };
}

/** The lowest that has room for it: who reads the first alone is told so, and not of a fault. */
function versionOf(evidence: Evidence): 1 | 2 | 3 {
  if (evidence.kind === 'accounts') return 3;
  if (evidence.kind === 'chains') return 2;
  const genesis = evidence.kind === 'receipts' ? undefined : evidence.genesis;
  return genesis !== undefined && isStarkGenesis(genesis) ? 2 : 1;
}

/** Thrown by the readers below, caught by `readEvidence`. */
class FormatFault extends Error {}

/** Reads a file of evidence; what it claims is not checked here. Never throws. */
export function readEvidence(text: string): { readonly ok: true; evidence: Evidence } | Refused {
  if (text.length > EVIDENCE_CHARACTERS_MAX) {
    const most = `${EVIDENCE_CHARACTERS_MAX} are the most`;
    return refused('EVIDENCE_FORMAT', `the file has ${text.length} characters; ${most}`);
  }
  if (hasMoreValues(text, EVIDENCE_VALUES_MAX)) {
    return refused('EVIDENCE_FORMAT', `the file has more than ${EVIDENCE_VALUES_MAX} values`);
  }
  try {
    return { ok: true, evidence: evidenceFrom(JSON.parse(text)) };
  } catch (error) {
    if (!(error instanceof FormatFault || error instanceof SyntaxError)) throw error;
    return refused('EVIDENCE_FORMAT', error.message);
  }
}

/** Before each value but the first stands one of these; no string of evidence has any. */
function hasMoreValues(text: string, most: number): boolean {
  const before = /[,[{]/g;
  for (let found = 1; before.test(text); found += 1) {
    if (found >= most) return true;
  }
  return false;
}

const KINDS = 'receipts, header, log, headers, keys, chains, accounts';

type Fields = Readonly<Record<string, unknown>>;

function evidenceFrom(value: unknown): Evidence {
  const fields = fieldsOf(value, 'the file');
  if (fields.format !== FORMAT) throw new FormatFault(`format is not "${FORMAT}"`);
  const { v } = fields;
  if (!VERSIONS.includes(v)) {
    // Of what is no number only its type: to show it would run what a hostile file made of it.
    const found = typeof v === 'number' ? `${v}` : `a value of type ${typeof v}`;
    throw new FormatFault(`v is ${found}; this verifier reads versions 1 to 3`);
  }
  const evidence = partsFrom(fields);
  const least = versionOf(evidence);
  if (v === least) return evidence;
  throw new FormatFault(`v is ${v}, and what it holds is of version ${least}`);
}

function partsFrom(fields: Fields): Evidence {
  const optional = <T>(name: string, read: (value: unknown, name: string) => T) =>
    fields[name] === undefined ? undefined : read(fields[name], name);
  const certificates = () => {
    const all = listOf(fields.certificates, 'certificates', bytesOf);
    if (all.length <= EVIDENCE_CERTIFICATES_MAX) return all;
    throw new FormatFault(`${all.length} certificates; ${EVIDENCE_CERTIFICATES_MAX} are the most`);
  };
  const { kind } = fields;
  switch (kind) {
    case 'receipts': {
      const receipts = listOf(fields.receipts, 'receipts', bytesOf);
      return { kind, receipts, certificates: certificates() };
    }
    case 'header':
      return {
        kind,
        receipt: bytesOf(fields.receipt, 'receipt'),
        genesis: bytesOf(fields.genesis, 'genesis'),
        epoch: headerOf(fields.epoch, 'epoch'),
        headBefore: bytesOf(fields.headBefore, 'headBefore'),
        groups: listOf(fields.groups, 'groups', bytesOf),
        certificates: certificates(),
      };
    case 'log':
      return {
        kind,
        receipt: bytesOf(fields.receipt, 'receipt'),
        genesis: optional('genesis', bytesOf),
        anchor: optional('anchor', headerOf),
        groups: listOf(fields.groups, 'groups', bytesOf),
        certificates: certificates(),
      };
    case 'headers':
      return {
        kind,
        genesis: bytesOf(fields.genesis, 'genesis'),
        headers: listOf(fields.headers, 'headers', headerOf),
      };
    case 'keys':
      return {
        kind,
        genesis: bytesOf(fields.genesis, 'genesis'),
        lists: listOf(fields.lists, 'lists', bytesOf),
      };
    case 'chains':
      return { kind, sides: listOf(fields.sides, 'sides', sideOf) };
    case 'accounts':
      return { kind, proofs: listOf(fields.proofs, 'proofs', bytesOf) };
    default:
      throw new FormatFault(`kind is none of ${KINDS}`);
  }
}

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw new FormatFault(`${name} is no object`);
}

function bytesOf(value: unknown, name: string): Uint8Array {
  // No group that repeats: its matcher takes stack each time, and a file has millions of digits.
  const isHex = typeof value === 'string' && value.length % 2 === 0 && !/[^0-9a-f]/.test(value);
  if (isHex) return hexToBytes(value);
  throw new FormatFault(`${name} is not in hex digits`);
}

function headerOf(value: unknown, name: string): SignedHeader {
  const { header, signature, keyChanges } = fieldsOf(value, name);
  return {
    header: bytesOf(header, name),
    signature: bytesOf(signature, name),
    keyChanges: keyChanges === undefined ? undefined : bytesOf(keyChanges, name),
  };
}

function sideOf(value: unknown, name: string): ChainSide {
  const { genesis } = fieldsOf(value, name);
  return { genesis: bytesOf(genesis, name), ...headerOf(value, name) };
}

function listOf<T>(
  value: unknown,
  name: string,
  read: (value: unknown, name: string) => T,
): readonly T[] {
  if (Array.isArray(value)) return value.map((one: unknown) => read(one, name));
  throw new FormatFault(`${name} is no array`);
}
