/** What becomes of each receipt of a market: fits, is not covered, or contradicts. */
import type { Receipt } from '@foldbook/protocol';
import {
  chainCertifier,
  EVIDENCE_GROUPS_BYTES_MAX,
  type Evidence,
  placeInEpoch,
  type ReceiptPlace,
} from '@foldbook/verifier';
import type { LogReader } from './asked-log.ts';
import { groupsBetween, headBefore, type LogWalk, type MetReceipt, walkLog } from './log-walk.ts';
import type { SignedChain, SignedEpoch } from './signed-epochs.ts';

export type Verdict =
  | 'consistent'
  /** No signed epoch reaches it yet. */
  | 'not-covered'
  /** The log would say, and is not at hand or not the one that is signed. */
  | 'undecided'
  /** The log ends before it: what was acknowledged is not there. */
  | 'missing'
  | 'contradicted';

export interface Finding {
  readonly receipt: Receipt;
  readonly verdict: Verdict;
  /** Of the epoch that it belongs to. */
  readonly epoch: number | undefined;
  readonly words: string;
  readonly evidence: Evidence | undefined;
}

export interface Surroundings {
  readonly market: string;
  readonly chain: SignedChain | undefined;
  readonly log: LogReader | undefined;
  readonly certificates: readonly Uint8Array[];
}

export interface Judgement {
  readonly findings: readonly Finding[];
  /** Where the log contradicts a signed epoch. */
  readonly logDisagrees: string | undefined;
}

const NOT_CERTIFIED = '; no evidence is written, since the operator has not certified its key';
const TOO_LARGE = '; its evidence has more than 64 MiB of groups and is not written';

/** Receipts of one market whose signatures were checked. */
export async function judgeReceipts(
  receipts: readonly Receipt[],
  around: Surroundings,
): Promise<Judgement> {
  const { market, chain, log } = around;
  const epochs = chain?.epochs ?? [];
  const walk = log && (await walkLog(log, market, { receipts, epochs }));
  const findings: Finding[] = [];
  for (const receipt of receipts) findings.push(await judge(receipt, around, walk));
  return { findings, logDisagrees: walk?.disagrees };
}

async function judge(
  receipt: Receipt,
  around: Surroundings,
  walk: LogWalk | undefined,
): Promise<Finding> {
  const { chain, certificates } = around;
  const met = walk?.met.get(receipt);
  const spot = placeIn(receipt, chain?.epochs ?? []);
  if (spot === undefined || chain === undefined) return outside(receipt, around, walk, met);
  const { epoch, place } = spot;
  const number = Number(epoch.header.epoch);
  const found = (verdict: Verdict, words: string, evidence?: Evidence): Finding => ({
    ...{ receipt, verdict, epoch: number, words, evidence },
  });
  const isOwn = chainCertifier(receipt.publicKey, chain.operatorKeys, certificates) !== undefined;
  const contradicted = (
    words: string,
    headBefore: Uint8Array,
    groups: readonly Uint8Array[],
  ): Finding => {
    // Anybody could have signed it.
    if (!isOwn) return found('contradicted', `${words}${NOT_CERTIFIED}`);
    return found('contradicted', words, {
      ...{ kind: 'header', receipt: receipt.bytes, genesis: chain.genesisBytes },
      ...{ epoch: epoch.signed, headBefore, groups, certificates },
    });
  };
  if (place.at === 'nowhere') return contradicted(place.words, new Uint8Array(32), []);
  const isAgreed = walk?.agreeing.has(epoch.header.epoch) === true;
  if (isAgreed && met?.differs !== undefined) {
    const { reader, before } = { reader: readerOf(around), before: met.logSequence };
    const range = {
      from: before,
      to: Number(epoch.header.logLast),
      mostBytes: EVIDENCE_GROUPS_BYTES_MAX,
    };
    const groups = await groupsBetween(reader, around.market, range);
    if (groups === undefined) return found('contradicted', `${met.differs}${TOO_LARGE}`);
    const head = await headBefore(reader, around.market, before);
    return contradicted(met.differs, head, groups);
  }
  if (place.at === 'end') return found('consistent', `it is the end of epoch ${number}`);
  if (isAgreed) return found('consistent', `epoch ${number} has its group`);
  if (met?.leadsToEpoch) {
    return found('consistent', `the groups behind it lead to the head of epoch ${number}`);
  }
  if (met?.differs !== undefined) return againstLog(receipt, around, walk, met, number);
  if (walk === undefined) {
    const mend = 'name the log, with --log or --nats';
    return found('undecided', `it is inside epoch ${number}, whose groups decide: ${mend}`);
  }
  if (met === undefined) return found('missing', `the log ends at market sequence ${walk.end}`);
  const other = `leads to another head than that of epoch ${number}`;
  return found('undecided', `the log has its group, and from there ${other}`);
}

/** Of a receipt that no signed epoch reaches. */
async function outside(
  receipt: Receipt,
  around: Surroundings,
  walk: LogWalk | undefined,
  met: MetReceipt | undefined,
): Promise<Finding> {
  const found = (verdict: Verdict, words: string): Finding => ({
    ...{ receipt, verdict, epoch: undefined, words, evidence: undefined },
  });
  if (walk === undefined) return found('not-covered', 'no signed epoch reaches it');
  if (met === undefined) return found('missing', `the log ends at market sequence ${walk.end}`);
  if (met.differs !== undefined) return againstLog(receipt, around, walk, met, undefined);
  return found('not-covered', 'the log has its group; no signed epoch reaches it');
}

/** From the last signed head that the log has before the receipt, or from the log's beginning. */
async function againstLog(
  receipt: Receipt,
  around: Surroundings,
  walk: LogWalk | undefined,
  met: MetReceipt,
  epoch: number | undefined,
): Promise<Finding> {
  const { chain, certificates, market } = around;
  // Where the chain's operator did not sign the receipt, the log alone has to do.
  const own = chain && chainCertifier(receipt.publicKey, chain.operatorKeys, certificates) && chain;
  const anchor = own?.epochs.findLast(
    ({ header }) => walk?.agreeing.has(header.epoch) && header.sequenceLast < receipt.first,
  );
  const from = anchor === undefined ? 1 : Number(anchor.header.logLast) + 1;
  const range = { from, to: met.logSequence, mostBytes: EVIDENCE_GROUPS_BYTES_MAX };
  const groups = await groupsBetween(readerOf(around), market, range);
  const words = `${met.differs}`;
  const base = { receipt, verdict: 'contradicted', epoch } as const;
  if (groups === undefined) return { ...base, words: `${words}${TOO_LARGE}`, evidence: undefined };
  const evidence: Evidence = {
    ...{ kind: 'log', receipt: receipt.bytes, groups, certificates },
    genesis: anchor && chain?.genesisBytes,
    anchor: anchor?.signed,
  };
  return { ...base, words, evidence };
}

function readerOf({ log }: Surroundings): LogReader {
  if (log === undefined) throw new Error('a group was met in no log');
  return log;
}

function placeIn(
  receipt: Receipt,
  epochs: readonly SignedEpoch[],
): { readonly epoch: SignedEpoch; readonly place: ReceiptPlace } | undefined {
  for (const epoch of epochs) {
    const place = placeInEpoch(receipt, epoch.header);
    if (place.at !== 'before' && place.at !== 'behind') return { epoch, place };
    if (place.at === 'before') return undefined;
  }
  return undefined;
}
