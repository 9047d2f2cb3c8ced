/** What comes over the wire, and the files of proofs: bytes in, a value or a coded error out. */
import { crc32 } from 'node:zlib';
import * as protocol from '@foldbook/protocol';
import {
  airDigest,
  decodeStatement,
  encodeStatement,
  STATEMENT_BYTES,
  verifyPart,
} from '@foldbook/stark';
import { checkPart, verifyReference } from '@foldbook/stark/testing';
import * as verifier from '@foldbook/verifier';
import { FuzzFault, type FuzzTarget, WHOLE } from './fuzz-target.ts';

interface Answer {
  readonly code: string;
  /** Undefined where the error has no place. */
  readonly offset?: number | undefined;
}
/** Decodes bytes in one way; undefined where they are whole. */
type Decode = (bytes: Uint8Array) => Answer | undefined;

const ACCOUNT = 42;

function ofProtocol<T>(decode: (bytes: Uint8Array) => protocol.Decoded<T>): Decode {
  return (bytes) => {
    const decoded = decode(bytes);
    if (decoded.ok) return undefined;
    const { name, code, offset } = decoded;
    if (protocol.ResultCode[name] !== code) throw new FuzzFault('code', `${name} is not ${code}`);
    return { code: name, offset };
  };
}

/** @param encode - there is one encoding of each value: it gives the bytes that it was read from */
function ofVerifier<T>(
  decode: (bytes: Uint8Array) => verifier.Decoded<T>,
  encode?: (value: T) => Uint8Array,
): Decode {
  return (bytes) => {
    const decoded = decode(bytes);
    if (!decoded.ok) return { code: decoded.error.code, offset: decoded.error.offset };
    if (encode === undefined || Buffer.from(encode(decoded.value)).equals(bytes)) return undefined;
    throw new FuzzFault('two encodings', 'what was read is written as other bytes');
  };
}

function readStatement(bytes: Uint8Array): Answer | undefined {
  const decoded = decodeStatement(bytes);
  if (!decoded.ok) return { code: decoded.code };
  if (Buffer.from(encodeStatement(decoded.value)).equals(bytes)) return undefined;
  throw new FuzzFault('two encodings', 'what was read is written as other bytes');
}

/** The parameters of the part that is kept: of few bits, which only tests take. */
const FEW_BITS = { logBlowup: 2, queries: 1, grindingBits: 0, maxLogHeight: 22 };

/** A part's statement, which has one length, and its proof, before both verifiers. */
function verifyStark(bytes: Uint8Array): Answer | undefined {
  const [statement, proof] = [bytes.subarray(0, STATEMENT_BYTES), bytes.subarray(STATEMENT_BYTES)];
  const verdict = checkPart(statement, proof, 0);
  const accepted = { airDigest: airDigest(), parameters: [FEW_BITS] };
  const second = verifyReference(statement, proof, accepted);
  if (verdict.ok !== second.ok) {
    const words = verdict.ok ? 'accepted' : verdict.code;
    const other = second.ok ? 'accepted' : second.reason;
    throw new FuzzFault('two verifiers differ', `one: ${words}; the other: ${other}`);
  }
  const usual = verifyPart(statement, proof);
  if (usual.ok) throw new FuzzFault('too few bits', 'accepted');
  return verdict.ok ? undefined : { code: verdict.code };
}

function decodeReply(bytes: Uint8Array): protocol.Decoded<protocol.Reply> {
  protocol.readEvents(bytes);
  return protocol.decodeReply(bytes);
}

const FORMATS = {
  message: {
    words: ['FB\x01\x01', '\x81\xa1v\x01', '\xa4type', '\xa3new', '\xa8commands', '\xcf', '\xd3'],
    decode: [
      ofProtocol((bytes) => protocol.decodeMessage(bytes, 'client', ACCOUNT)),
      ofProtocol((bytes) => protocol.decodeMessage(bytes, 'operator', 0)),
    ],
  },
  reply: {
    words: ['FB\x01\x06', '\x86\xa1v\x01', '\xa4code', '\xa6events', '\xcf', '\xdc'],
    decode: [ofProtocol(decodeReply)],
  },
  receipt: { words: ['FBRC'], decode: [ofProtocol(protocol.decodeReceipt)] },
  certificate: { words: ['FBKC'], decode: [ofProtocol(protocol.decodeCertificate)] },
  'proof-answer': {
    isText: true,
    words: ['"code":0', '"v":1', '"sequence":7', '"file":"00"', '"name":"BUSY"', 'null', 'true'],
    decode: [
      ofProtocol(protocol.decodeProofQuestion),
      ofProtocol(protocol.decodeProofAnswer),
      ofProtocol(protocol.decodeOwedAnswer),
      ofProtocol(protocol.decodeEpochPublished),
    ],
  },
  genesis: {
    words: ['FBGN'],
    decode: [ofVerifier(verifier.decodeGenesis, verifier.encodeGenesis)],
  },
  'epoch-header': {
    words: [],
    decode: [ofVerifier(verifier.decodeHeader, verifier.encodeHeader)],
  },
  'epoch-file': {
    words: ['FBEP'],
    decode: [ofVerifier(verifier.decodeEpochFile, verifier.encodeEpochFile)],
  },
  'epoch-records': {
    words: [],
    decode: [ofVerifier((bytes) => verifier.unpackRecords(bytes, 100_000))],
  },
  'epoch-diffs': {
    words: [],
    decode: [ofVerifier((bytes) => verifier.unpackDiffs(bytes, 100_000), verifier.packDiffs)],
  },
  'key-changes': {
    words: [],
    decode: [ofVerifier(verifier.decodeKeyChanges, verifier.encodeKeyChanges)],
  },
  'account-proof': {
    words: [],
    decode: [ofVerifier(verifier.decodeAccountProof, verifier.encodeAccountProof)],
  },
  'stark-statement': { words: ['FBSP', '\x01\0\0\x78'], decode: [readStatement] },
  'stark-proof': { words: ['FBSP', 'FBSF', '\x01\0\0\x78'], decode: [verifyStark] },
  'stark-genesis': {
    words: ['FBGN'],
    decode: [ofVerifier(verifier.decodeStarkGenesis, verifier.encodeStarkGenesis)],
  },
  'stark-header': {
    words: [],
    decode: [ofVerifier(verifier.decodeStarkHeader, verifier.encodeStarkHeader)],
  },
  'stark-epoch-file': {
    words: ['FBEP', 'FBSP', 'FBSF'],
    decode: [ofVerifier(verifier.decodeStarkEpochFile, verifier.encodeStarkEpochFile)],
  },
  evidence: {
    isText: true,
    words: [
      ...['"kind":"log"', '"kind":"header"', '"kind":"receipts"', '"kind":"chains"', '"groups":[]'],
      ...['"kind":"accounts"', '"v":1', '"v":2', '"v":3', 'null'],
    ],
    decode: [checkEvidence],
  },
} as const satisfies Readonly<
  Record<
    string,
    { readonly words: readonly string[]; readonly decode: readonly Decode[]; isText?: true }
  >
>;
export type WireFormat = keyof typeof FORMATS;

export const WIRE_FORMATS = Object.keys(FORMATS) as readonly WireFormat[];

const PROTOCOL_FORMATS: readonly WireFormat[] = [
  ...(['message', 'reply', 'receipt', 'certificate', 'proof-answer'] as const),
];

/** Of parts alone: what a chain of them is kept in is the verifier's. */
const PART_FORMATS: readonly WireFormat[] = ['stark-statement', 'stark-proof'];

/** The package whose corpus it is. */
export function packageOf(name: WireFormat): 'protocol' | 'verifier' | 'stark' {
  if (PART_FORMATS.includes(name)) return 'stark';
  return PROTOCOL_FORMATS.includes(name) ? 'protocol' : 'verifier';
}

export function openWireFormat(name: WireFormat): FuzzTarget {
  const format = FORMATS[name];
  const { words } = format;
  const decode: readonly Decode[] = format.decode;
  return {
    isText: 'isText' in format,
    words,
    check: (bytes) => {
      const answers = decode.map((one) => checkAnswer(one, bytes)?.code ?? WHOLE);
      return answers.includes(WHOLE) ? WHOLE : (answers[0] ?? WHOLE);
    },
  };
}

/** The same twice, of bytes that it leaves as they are. */
function checkAnswer(decode: Decode, bytes: Uint8Array): Answer | undefined {
  const before = crc32(bytes);
  const [answer, again] = [decode(bytes), decode(bytes)];
  if (crc32(bytes) !== before) throw new FuzzFault('input changed', `${bytes.length} bytes`);
  const { code, offset } = answer ?? {};
  if (code !== again?.code || offset !== again?.offset) {
    throw new FuzzFault('not the same twice', `${code} at ${offset}, ${again?.code}`);
  }
  const isInside = offset === undefined || (offset >= 0 && offset <= bytes.length);
  if (!isInside) throw new FuzzFault('offset', `${code} at ${offset} of ${bytes.length} bytes`);
  return answer;
}

/** The file, and what is said about the evidence in it. */
function checkEvidence(bytes: Uint8Array): Answer | undefined {
  const verdict = verifier.checkEvidence(Buffer.from(bytes).toString('utf8'));
  return verdict.ok ? undefined : { code: verdict.code };
}
