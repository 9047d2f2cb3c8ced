/**
 * Forged stores for `check proof-neg`: what a dishonest operator may hand a verifier. Their Groth16
 * proofs hold for any statement (the keys' trapdoor is known), so that nothing but the check that
 * is meant refuses them.
 */
import assert from 'node:assert/strict';
import {
  BackEnd,
  batchSignals,
  type ChainOptions,
  type Challenge,
  decodeVerifyingKey,
  drawChallenge,
  encodeDigestList,
  encodeHeader,
  encodeKeyChanges,
  fromBigEndian,
  HEADER_BYTES,
  KEY_CHANGES_FILE,
  type ReasonCode,
  SCALAR_ORDER,
  SIGNATURE_BYTES,
  signKeyChange,
  toBigEndian,
  verifyGroth16,
} from '@foldbook/verifier';
import {
  ChainBuilder,
  type Cheats,
  everyKind,
  filled,
  record,
  trades,
} from '@foldbook/verifier/testing';
import {
  type Changed,
  chainWith,
  type Draft,
  edit,
  epochFile,
  type Files,
  type Forgery,
  file,
  flip,
  type Header,
  MIDDLE,
  signed,
  verdict,
} from './forged-store.ts';

/** What proves the builder's account updates. */
const accountsKind = { size: 4, backEnd: BackEnd.GROTH16 };

/**
 * All forgeries, but of the bytes of a header one in `stride`; `flips` of them change a random bit
 * of a signed epoch.
 */
export function forgeries(
  flips: number,
  stride: number,
  random: (below: number) => number,
): Forgery[] {
  const honest = chainWith();
  const trustedKeys = honest.trustedKeys;
  const changed: Changed = (group, name, aims, change) => ({
    ...{ group, name, aims },
    run: () => {
      const files = new Map(honest.files);
      change(files);
      return verdict(files, { trustedKeys });
    },
  });
  return [
    ...epochForgeries(honest, changed),
    ...rangeForgeries(),
    ...keyForgeries(honest),
    ...signalForgeries(honest, changed),
    ...headerForgeries(honest, changed, stride),
    ...challengeForgeries(),
    ...recordForgeries(),
    ...operatorForgeries(),
    ...Array.from({ length: flips }, (_, index) => {
      const name = epochFile(random(3));
      const bit = random(8 * file(honest.files, name).length);
      const what = `flip ${index}: bit ${bit} of ${name}`;
      return changed('one bit of an epoch file', what, [], (files) =>
        edit(files, name, (bytes) => flip(bytes, bit)),
      );
    }),
  ];
}

function epochForgeries(honest: ChainBuilder, changed: Changed): Forgery[] {
  const group = 'epoch skipped, repeated or foreign';
  const other = new ChainBuilder({ genesis: { nonce: filled(99) } });
  other.addEpoch(everyKind);
  other.addEpoch(trades(17));
  const put = (from: ReadonlyMap<string, Uint8Array>, index: number, place: number) => {
    return (files: Files): void => {
      files.set(epochFile(place), file(from, epochFile(index)));
    };
  };
  return [
    changed(group, 'no first epoch', ['EPOCH_MISSING'], (files) => files.delete(epochFile(0))),
    changed(group, 'no middle epoch', ['EPOCH_MISSING'], (files) =>
      files.delete(epochFile(MIDDLE)),
    ),
    changed(
      group,
      'the last in place of the middle one',
      ['EPOCH_ORDER'],
      put(honest.files, 2, MIDDLE),
    ),
    changed(group, 'the first once more at the end', ['EPOCH_ORDER'], put(honest.files, 0, 3)),
    changed(group, 'the middle one twice', ['EPOCH_ORDER'], put(honest.files, MIDDLE, 2)),
    changed(
      group,
      'an epoch of another deployment',
      ['CHAIN_ID'],
      put(other.files, MIDDLE, MIDDLE),
    ),
    ...(
      [
        ['previous', 'HEADER_CHAIN'],
        ['chainId', 'CHAIN_ID'],
        ['rulesHash', 'RULES_HASH'],
        ['logHeadStart', 'LOG_CHAIN'],
      ] as const
    ).map(([field, aim]) =>
      signed(group, `another ${field} in a signed header`, aim, {
        header: (header: Header) => Object.assign(header, { [field]: filled(55) }),
      }),
    ),
  ];
}

function rangeForgeries(): Forgery[] {
  const group = 'ranges that overlap or leave a gap';
  const moved = (field: keyof Header, by: bigint) => ({
    header: (header: Header) => {
      const value = header[field];
      assert(typeof value === 'bigint');
      Object.assign(header, { [field]: value + by });
    },
  });
  const counts = (...values: readonly number[]) => ({
    draft: ({ batches }: Draft) => {
      batches.forEach((batch, i) => void Object.assign(batch, { count: values[i] ?? 0 }));
    },
  });
  return [
    signed(group, 'records from one before', 'RECORD_CHAIN', moved('recordFirst', -1n)),
    signed(group, 'records from one after', 'RECORD_CHAIN', moved('recordFirst', 1n)),
    signed(
      group,
      'market sequences from one before',
      'SEQUENCE_CHAIN',
      moved('sequenceFirst', -1n),
    ),
    signed(group, 'market sequences from one after', 'SEQUENCE_CHAIN', moved('sequenceFirst', 1n)),
    signed(group, 'log sequences from far before', 'LOG_CHAIN', moved('logFirst', -5n)),
    signed(group, 'another root to start from', 'ROOT_CHAIN', {
      header: (h) => Object.assign(h, { rootOld: 5n }),
    }),
    signed(group, 'another root to end at', 'ROOT_FINAL', {
      header: (h) => Object.assign(h, { rootNew: 5n }),
    }),
    signed(group, 'one record in two batches', 'BATCH_TILING', counts(15, 3)),
    signed(group, 'one record in no batch', 'BATCH_TILING', counts(15, 1)),
    // Batches need not be full: this one's digest is listed for a place that its count denies.
    signed(
      group,
      'a batch at another place than those before it leave',
      'DIGEST_LIST',
      counts(14, 3),
    ),
    signed(group, 'a batch of none', 'BATCH_TILING', counts(15, 0)),
    signed(group, 'a batch left out', 'BATCH_TILING', {
      draft: ({ batches }) => void batches.pop(),
    }),
    signed(group, 'the account proof left out', 'ACCUMULATOR_MISMATCH', {
      draft: ({ accounts }) => void accounts.pop(),
    }),
    signed(group, 'an account proof more', 'ROOT_FINAL', {
      draft: ({ accounts }) =>
        void accounts.push({ ...accountsKind, count: 1, digest: 5n, rootOut: 5n }),
    }),
    signed(group, 'a sum of a batch one higher', 'ACCUMULATOR_MISMATCH', {
      sums: (sums) => void sums.batches.splice(0, 1, (sums.batches[0] ?? 0n) + 1n),
    }),
    signed(group, 'a sum of accounts one higher', 'ACCUMULATOR_MISMATCH', {
      sums: (sums) => void sums.accounts.splice(0, 1, (sums.accounts[0] ?? 0n) + 1n),
    }),
  ];
}

function keyForgeries(honest: ChainBuilder): Forgery[] {
  const group = 'foreign keys';
  const other = new ChainBuilder({ seed: 'another' });
  const [batch, accounts] = honest.trustedKeys;
  assert(batch && accounts);
  const given = (
    name: string,
    aim: ReasonCode,
    options: ChainOptions,
    change?: (files: Files) => void,
  ): Forgery => ({
    ...{ group, name, aims: [aim] },
    run: () => {
      const files = new Map(honest.files);
      change?.(files);
      return verdict(files, options);
    },
  });
  const keyFile = `keys/${batch.digest}.vk`;
  const { trustedKeys } = honest;
  return [
    given('keys that this release does not pin', 'KEY_UNKNOWN', {}),
    given('no key trusted', 'KEY_UNKNOWN', { trustedKeys: [] }),
    given('keys of another setup trusted', 'KEY_UNKNOWN', { trustedKeys: other.trustedKeys }),
    given('the batch key as the account key', 'KEY_UNKNOWN', {
      trustedKeys: [
        { ...batch, role: 'accounts' },
        { ...accounts, role: 'batch' },
      ],
    }),
    given('an insecure key called a secure one', 'KEY_FORMAT', {
      trustedKeys: honest.trustedKeys.map((key) => ({ ...key, insecure: false })),
    }),
    given('the bytes of another key under a trusted name', 'KEY_DIGEST', { trustedKeys }, (files) =>
      files.set(keyFile, other.batchKey.bytes),
    ),
    given('the mark of insecurity cleared', 'KEY_DIGEST', { trustedKeys }, (files) =>
      edit(files, keyFile, (bytes) => flip(bytes, 8 * 6)),
    ),
    given('no key in the store', 'KEY_MISSING', { trustedKeys }, (files) => files.delete(keyFile)),
    given('another genesis than was asked for', 'GENESIS_UNEXPECTED', {
      trustedKeys,
      genesisHash: '00'.repeat(32),
    }),
    signed(group, 'proofs under another key', 'GROTH16_REFUSED', {
      epoch: (epoch) => ({
        ...epoch,
        batches: epoch.batches.map((claim) => ({ ...claim, proof: otherProof(other) })),
      }),
    }),
  ];
}

function otherProof(chain: ChainBuilder): Uint8Array {
  return chain.batchKey.prove([1n, 2n, 3n, 4n, 5n, 6n]);
}

/** Of a chain whose operator's key was changed for its middle epoch. */
function operatorForgeries(): Forgery[] {
  const group = "the operator's key changed";
  const secret = filled(21);
  const honest = new ChainBuilder();
  honest.addEpoch(everyKind);
  honest.changeKey(secret);
  honest.addEpoch(trades(17));
  const { trustedKeys, genesisHash: chainId } = honest;
  const listOf = (from: bigint, oldSecret: Uint8Array, newSecret: Uint8Array, chain = chainId) =>
    encodeKeyChanges([signKeyChange({ chainId: chain, firstEpoch: from }, oldSecret, newSecret)]);
  const given = (
    name: string,
    aims: readonly ReasonCode[],
    list: Uint8Array | undefined,
    options: ChainOptions = {},
  ): Forgery => ({
    ...{ group, name, aims },
    run: () => {
      const files = new Map(honest.files);
      files.delete(KEY_CHANGES_FILE);
      if (list !== undefined) files.set(KEY_CHANGES_FILE, list);
      return verdict(files, { trustedKeys, ...options });
    },
  });
  const own = honest.secretKey;
  const list = file(honest.files, KEY_CHANGES_FILE);
  return [
    given('no list', ['HEADER_SIGNATURE'], undefined),
    given('a list without an end', ['KEY_CHANGES_FORMAT'], list.slice(0, -1)),
    given('a byte after the list', ['KEY_CHANGES_FORMAT'], Uint8Array.from([...list, 0])),
    given('a change of a stranger', ['KEY_CHANGE_SIGNATURE'], listOf(1n, filled(33), secret)),
    given(
      'a change of another chain',
      ['KEY_CHANGE_SIGNATURE'],
      listOf(1n, own, secret, filled(9)),
    ),
    given('a change to another key', ['HEADER_SIGNATURE'], listOf(1n, own, filled(33))),
    given('a change too early', ['HEADER_SIGNATURE'], listOf(0n, own, secret)),
    given('a change too late', ['HEADER_SIGNATURE'], listOf(2n, own, secret)),
    given('another operator than was asked for', ['OPERATOR_KEY'], list, {
      operatorKey: '00'.repeat(32),
    }),
    ...Array.from({ length: Math.ceil(list.length / 8) }, (_, index) =>
      given(
        `list byte ${8 * index} changed`,
        ['KEY_CHANGES_FORMAT', 'KEY_CHANGE_KEY', 'KEY_CHANGE_SIGNATURE'],
        flip(list, 64 * index),
      ),
    ),
  ];
}

function signalForgeries({ batchKey }: ChainBuilder, changed: Changed): Forgery[] {
  const group = 'public signals cut off or out of range';
  const signals = [11n, 12n, 13n, 14n, 15n, 16n];
  const decoded = decodeVerifyingKey(batchKey.bytes);
  assert(decoded.ok);
  const key = decoded.value;
  const proof = batchKey.proveUncompressed(signals);
  assert(verifyGroth16(key, proof, signals).ok, 'the honest proof is accepted');
  const claim = (name: string, aim: ReasonCode, values: readonly bigint[]): Forgery => ({
    ...{ group, name, aims: [aim] },
    run: () => {
      const result = verifyGroth16(key, proof, values);
      return result.ok ? 'accepted' : result.code;
    },
  });
  return [
    claim('one signal less', 'SIGNAL_COUNT', signals.slice(0, -1)),
    claim('no signals', 'SIGNAL_COUNT', []),
    claim('one signal more', 'SIGNAL_COUNT', [...signals, 0n]),
    ...signals.map((value, i) =>
      claim(`signal ${i} plus r`, 'SIGNAL_RANGE', signals.with(i, value + SCALAR_ORDER)),
    ),
    ...signals.map((value, i) =>
      claim(`signal ${i} minus r`, 'SIGNAL_RANGE', signals.with(i, value - SCALAR_ORDER)),
    ),
    ...signals.map((value, i) =>
      claim(`signal ${i} plus one`, 'GROTH16_REFUSED', signals.with(i, value + 1n)),
    ),
    changed(group, 'a digest plus r in the file', ['EPOCH_FILE_FORMAT'], (files) => {
      edit(files, epochFile(MIDDLE), plusOrder);
    }),
    changed(group, 'an epoch file cut off', ['EPOCH_FILE_FORMAT'], (files) => {
      edit(files, epochFile(MIDDLE), (bytes) => bytes.slice(0, -1));
    }),
    changed(group, 'a byte after an epoch file', ['EPOCH_FILE_FORMAT'], (files) => {
      edit(files, epochFile(MIDDLE), (bytes) => Uint8Array.from([...bytes, 0]));
    }),
  ];
}

const HEADER_AT = 8;
const SIGNATURE_AT = HEADER_AT + HEADER_BYTES;
const SIGNATURE_END = SIGNATURE_AT + SIGNATURE_BYTES;
/** Behind the counts of changes, of which there are none, and of batches. */
const FIRST_BATCH_AT = SIGNATURE_END + 8;

/** The first batch's digest with r added: the same field element in another encoding. */
function plusOrder(bytes: Uint8Array): Uint8Array {
  const at = FIRST_BATCH_AT + 8;
  const forged = bytes.slice();
  forged.set(toBigEndian(fromBigEndian(bytes.subarray(at, at + 32)) + SCALAR_ORDER), at);
  return forged;
}

/** What names the place of a header is asked before its signature. */
const HEADER_AIMS: readonly ReasonCode[] = [
  ...(['HEADER_SIGNATURE', 'EPOCH_FILE_FORMAT', 'MARKET', 'CHAIN_ID', 'EPOCH_ORDER'] as const),
];

function headerForgeries(honest: ChainBuilder, changed: Changed, stride: number): Forgery[] {
  const group = 'header or signature forged';
  const name = epochFile(MIDDLE);
  const at = (what: string, offset: number, aims: readonly ReasonCode[]): Forgery =>
    changed(group, `${what} changed`, aims, (files) => {
      edit(files, name, (bytes) => flip(bytes, 8 * offset));
    });
  const stranger = new ChainBuilder({ genesis: { operatorKey: filled(6) } });
  return [
    ...Array.from({ length: Math.floor(HEADER_BYTES / stride) }, (_, i) =>
      at(`header byte ${stride * i}`, HEADER_AT + stride * i, HEADER_AIMS),
    ),
    ...Array.from({ length: 8 }, (_, i) =>
      at(`signature byte ${8 * i}`, SIGNATURE_AT + 8 * i, ['HEADER_SIGNATURE']),
    ),
    changed(group, 'the signature of another epoch', ['HEADER_SIGNATURE'], (files) => {
      const other = file(honest.files, epochFile(0)).subarray(SIGNATURE_AT, SIGNATURE_END);
      edit(files, name, (bytes) => {
        const forged = bytes.slice();
        forged.set(other, SIGNATURE_AT);
        return forged;
      });
    }),
    changed(group, 'no signature', ['HEADER_SIGNATURE'], (files) => {
      edit(files, name, (bytes) => bytes.slice().fill(0, SIGNATURE_AT, SIGNATURE_END));
    }),
    changed(group, "another operator's genesis", ['CHAIN_ID'], (files) => {
      files.set('genesis.fbg', file(stranger.files, 'genesis.fbg'));
    }),
  ];
}

/**
 * The challenge drawn too early: the operator knows (x, y) when it chooses what to claim, and so
 * can make two sums agree that belong to different changes.
 */
function challengeForgeries(): Forgery[] {
  const group = 'challenge drawn early or kept';
  const before = (
    name: string,
    challengeOf: (chain: ChainBuilder, draft: Draft) => Challenge,
  ): Forgery => ({
    ...{ group, name, aims: ['GROTH16_REFUSED'] },
    run: () => {
      const chain = new ChainBuilder();
      chain.addEpoch([...everyKind, record.depositBase(9, 4), record.depositQuote(10, 9)]);
      let early: Challenge | undefined;
      let draft: Draft | undefined;
      chain.addEpoch(trades(17), {
        draft: (honest) => {
          early = challengeOf(chain, honest);
          // Chosen after the challenge: what the early one was not drawn for.
          Object.assign(honest.batches[0] ?? {}, { digest: 5n });
          draft = honest;
        },
        epoch: (epoch) => {
          assert(early && draft);
          const { market } = chain.genesis;
          const challenge = early;
          const places = draft.batches;
          const batches = epoch.batches.map((claim, i) => {
            const place = { market, epoch: BigInt(MIDDLE), seq0: places[i]?.seq0 ?? 0n };
            const at = { ...place, count: claim.count };
            const signals = batchSignals(15, at, claim, challenge);
            return { ...claim, proof: chain.batchKey.prove(signals) };
          });
          return { ...epoch, batches };
        },
      });
      return verdict(chain.files, { trustedKeys: chain.trustedKeys });
    },
  });
  const drawn = (chain: ChainBuilder, header: Uint8Array, list: Uint8Array): Challenge => {
    const challenge = drawChallenge(header, chain.genesis.keys, list);
    assert(challenge);
    return challenge;
  };
  return [
    before('before the digests were changed', (chain, draft) =>
      drawn(chain, encodeHeader(draft.header), encodeDigestList(draft.batches, draft.accounts)),
    ),
    before('without the digests', (chain, draft) =>
      drawn(chain, encodeHeader(draft.header), encodeDigestList([], [])),
    ),
    before('the one of the epoch before', (chain) => {
      const bytes = file(chain.files, epochFile(0));
      return drawn(chain, bytes.slice(HEADER_AT, SIGNATURE_AT), encodeDigestList([], []));
    }),
    before('chosen by the operator', () => ({ x: 2n ** 200n, y: 3n })),
    before('x on an account', () => ({ x: 5n, y: 3n })),
  ];
}

/** At level data: records that are published otherwise than they are proved, and the reverse. */
function recordForgeries(): Forgery[] {
  const group = 'records reordered, dropped, repeated or re-priced';
  const honest = trades(17);
  const [first, second, ...rest] = honest;
  assert(first && second);
  const { price } = first;
  const dearer = { ...first, price: price + 1n, dQuote: (price + 1n) * first.dBase };
  const published = (name: string, aim: ReasonCode, cheats: Cheats): Forgery => ({
    ...{ group, name, aims: [aim] },
    run: () => {
      const { files, trustedKeys } = chainWith(cheats);
      return verdict(files, { level: 'data', trustedKeys });
    },
  });
  const other = (name: string, aim: ReasonCode, records: typeof honest) =>
    published(name, aim, { published: records });
  return [
    other('two records reordered', 'BATCH_DIGEST', [second, first, ...rest]),
    other('a record dropped', 'RECORDS_COUNT', [first, ...rest]),
    other('a record twice', 'RECORDS_COUNT', [first, ...honest]),
    other('a record in the place of another', 'BATCH_DIGEST', [first, first, ...rest]),
    other('a record re-priced', 'BATCH_DIGEST', [dearer, second, ...rest]),
    published('a batch whose count is not that of its digest', 'BATCH_DIGEST', {
      draft: ({ batches }) => {
        const [one, two] = batches;
        assert(one && two);
        Object.assign(one, { count: one.count - 1 });
        Object.assign(two, { count: two.count + 1, seq0: two.seq0 - 1n });
      },
    }),
  ];
}
