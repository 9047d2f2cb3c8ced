/** Level replay: an epoch as the log has it, against what its operator signed and published. */
import { bytesToHex, sameBytes } from './bytes.ts';
import { inPart, type PartVerdict } from './check-data.ts';
import type { HeadedEpoch } from './epoch-file.ts';
import type { HeaderFields } from './header.ts';
import { ACCEPTED, type ReasonCode, type Refused } from './reason-codes.ts';
import type { RecordList } from './record-list.ts';
import { encodeChanges, type RuleChange } from './rules.ts';
import type { SettlementRecord } from './settlement-record.ts';

/** What the log's commands of one epoch come to. Numbers are exact: the log has fewer than 2^53. */
export interface ReplayedEpoch {
  readonly ok: true;
  /** The market's number in the groups of the log. */
  readonly market: number;
  readonly epoch: bigint;
  /** Log sequences of the first and the last group, and the log's chain behind that. */
  readonly logFirst: bigint;
  readonly logLast: bigint;
  readonly logHeadEnd: Uint8Array;
  /** Market sequences of the first and the last command. */
  readonly sequenceFirst: bigint;
  readonly sequenceLast: bigint;
  readonly records: RecordList;
  /** Market sequence of each record's command. */
  readonly sequences: readonly number[];
  readonly changes: readonly RuleChange[];
  readonly stateHash: bigint;
  readonly timeNs: bigint;
}

/** How much of a log was executed so far. */
export interface ReplayCounts {
  readonly groups: number;
  readonly commands: number;
}

/** Executes a market's log; where it comes from and what executes it, a caller decides. */
export interface EpochReplay {
  /**
   * The next epoch, from genesis on. Whatever is wrong with the log is refused, never thrown.
   * @param logLast - log sequence at which it should end; nothing behind it is executed
   */
  next(logLast: bigint): Promise<ReplayedEpoch | Refused>;
  readonly counts: ReplayCounts;
}

export interface ReplayToCheck {
  readonly replayed: ReplayedEpoch | Refused;
  /** The records as they are published, where they are. */
  readonly published: RecordList | undefined;
}

/**
 * First whether the log is the one that was signed for, as results of another one say nothing;
 * then what its commands come to, in the order in which they do.
 */
export function checkReplay(
  { header, changes }: HeadedEpoch,
  { replayed, published }: ReplayToCheck,
): PartVerdict {
  if (!replayed.ok) return { ...replayed, part: 'log' };
  const records = published && recordDifference(published, header, replayed);
  const log = checkLog(header, replayed);
  if (log !== undefined) {
    const effect = records === undefined ? '' : `; what first came of it: ${records.words}`;
    return inPart('log', 'LOG_DIFFERS', `${log}${effect}`);
  }
  const rules = changeDifference(changes, replayed);
  if (rules !== undefined && rules.sequence <= (records?.sequence ?? Number.POSITIVE_INFINITY)) {
    return inPart('rules', 'REPLAY_RULES', rules.words);
  }
  if (records !== undefined) return inPart('records', 'REPLAY_RECORDS', records.words);
  if (replayed.records.length !== header.recordCount) {
    const message = differ('records', header.recordCount, replayed.records.length);
    return inPart('records', 'REPLAY_RECORDS', message);
  }
  return checkEnd(header, replayed);
}

/** Where what is signed or published is first otherwise than the log gives it. */
interface Difference {
  readonly sequence: number;
  readonly words: string;
}

const differ = (what: string, signed: Shown, found: Shown) =>
  `the header says ${what} ${show(signed)}, the log gives ${show(found)}`;

type Shown = Uint8Array | bigint | number;

const show = (value: Shown) => (value instanceof Uint8Array ? bytesToHex(value) : value.toString());

function checkLog(header: HeaderFields<unknown>, replayed: ReplayedEpoch): string | undefined {
  const { sequenceFirst, sequenceLast } = replayed;
  for (const [what, field] of [
    ['market', 'market'],
    ['epoch', 'epoch'],
    ['the first group at log sequence', 'logFirst'],
    ['the last group at log sequence', 'logLast'],
    ['the first command at market sequence', 'sequenceFirst'],
    ['the last command at market sequence', 'sequenceLast'],
  ] as const) {
    if (header[field] !== replayed[field]) return differ(what, header[field], replayed[field]);
  }
  if (sameBytes(header.logHeadEnd, replayed.logHeadEnd)) return undefined;
  const where = `among market sequences ${sequenceFirst} to ${sequenceLast} a command is another`;
  return `${where}: ${differ('log head', header.logHeadEnd, replayed.logHeadEnd)}`;
}

function changeDifference(
  changes: readonly RuleChange[],
  replayed: ReplayedEpoch,
): Difference | undefined {
  const count = Math.max(changes.length, replayed.changes.length);
  for (let index = 0; index < count; index++) {
    const [signed, found] = [changes[index], replayed.changes[index]];
    if (signed !== undefined && found !== undefined && isSameChange(signed, found)) continue;
    const sequence = Math.min(placeOf(signed), placeOf(found));
    const words =
      `change ${index}, market sequence ${sequence}: ` +
      `the epoch has ${changeWords(signed)}, the log gives ${changeWords(found)}`;
    return { sequence, words };
  }
  return undefined;
}

const placeOf = (change: RuleChange | undefined) =>
  change === undefined ? Number.POSITIVE_INFINITY : Number(change.sequence);

const isSameChange = (left: RuleChange, right: RuleChange) =>
  sameBytes(encodeChanges([left]), encodeChanges([right]));

function changeWords(change: RuleChange | undefined): string {
  if (change === undefined) return 'none';
  const fields = Object.entries(change).map(([name, value]) => `${name} ${value}`);
  return `(${fields.join(', ')})`;
}

function recordDifference(
  published: RecordList,
  { recordFirst }: HeaderFields<unknown>,
  { records, sequences }: ReplayedEpoch,
): Difference | undefined {
  const count = Math.max(published.length, records.length);
  for (let index = 0; index < count; index++) {
    const told = index < published.length ? published.get(index) : undefined;
    const found = index < records.length ? records.get(index) : undefined;
    if (told !== undefined && found !== undefined && isSameRecord(told, found)) continue;
    const sequence = sequences[index];
    const at = sequence === undefined ? 'behind the last one' : `market sequence ${sequence}`;
    const words =
      `record ${recordFirst + BigInt(index)}, ${at}: ` +
      `published is ${recordWords(told)}, the log gives ${recordWords(found)}`;
    return { sequence: sequence ?? Number.POSITIVE_INFINITY, words };
  }
  return undefined;
}

function isSameRecord(left: SettlementRecord, right: SettlementRecord): boolean {
  const isSamePair = left.kind === right.kind && left.a === right.a && left.b === right.b;
  const isSameMove = left.dBase === right.dBase && left.dQuote === right.dQuote;
  return isSamePair && isSameMove && left.price === right.price;
}

function recordWords(record: SettlementRecord | undefined): string {
  if (record === undefined) return 'none';
  const { kind, a, b, price, dBase, dQuote } = record;
  return `(kind ${kind}, ${a} to ${b}, price ${price}, base ${dBase}, quote ${dQuote})`;
}

function checkEnd(header: HeaderFields<unknown>, replayed: ReplayedEpoch): PartVerdict {
  const checks: readonly (readonly [ReasonCode, string, 'stateHash' | 'timeNs'])[] = [
    ['REPLAY_TIME', 'its close at time', 'timeNs'],
    ['REPLAY_STATE', 'state hash', 'stateHash'],
  ];
  for (const [code, what, field] of checks) {
    if (header[field] === replayed[field]) continue;
    const words = differ(what, header[field], replayed[field]);
    const end = `after market sequence ${replayed.sequenceLast}`;
    return inPart('engine', code, `${end} ${words}`);
  }
  return ACCEPTED;
}
