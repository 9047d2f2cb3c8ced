/** Follows a market through its log, and holds receipts and signed epochs against it. */
import type { Receipt } from '@foldbook/protocol';
import {
  bytesToHex,
  CHAIN_START,
  type ChainPoint,
  groupDiffers,
  type PlacedGroup,
  placeGroup,
  pointAfter,
} from '@foldbook/verifier';
import type { LogReader } from './asked-log.ts';
import type { SignedEpoch } from './signed-epochs.ts';

/** A receipt and the log's group that has its first command. */
export interface MetReceipt {
  readonly receipt: Receipt;
  /** Of that group. */
  readonly logSequence: number;
  /** What the group is otherwise than the receipt says; undefined where they agree. */
  readonly differs: string | undefined;
  /** The receipt's head and the groups behind it lead to the head that the epoch's header has. */
  leadsToEpoch: boolean;
}

export interface LogWalk {
  /** Those that the log reaches. */
  readonly met: ReadonlyMap<Receipt, MetReceipt>;
  /** Numbers of the epochs at whose end the log has the head that is signed. */
  readonly agreeing: ReadonlySet<bigint>;
  /** Where the log is otherwise than a signed header first; undefined where nowhere. */
  readonly disagrees: string | undefined;
  /** Market sequence of the last command. */
  readonly end: number;
}

/** What a receipt that differs would make of the groups behind it. */
interface Branch {
  readonly met: MetReceipt;
  point: ChainPoint;
}

class Walker {
  readonly met = new Map<Receipt, MetReceipt>();
  readonly agreeing = new Set<bigint>();
  disagrees: string | undefined;
  point: ChainPoint = CHAIN_START;
  readonly #receipts: Receipt[];
  readonly #epochs: SignedEpoch[];
  #branches: Branch[] = [];

  constructor(receipts: readonly Receipt[], epochs: readonly SignedEpoch[]) {
    this.#receipts = [...receipts].sort((a, b) => a.first - b.first);
    this.#epochs = [...epochs];
  }

  /** False where the bytes are no group: nothing behind it can be followed. */
  take(payload: Uint8Array, logSequence: number): boolean {
    const group = placeGroup(this.point, payload);
    if (group === undefined) {
      this.disagrees ??= `record ${logSequence} is no group`;
      return false;
    }
    this.#follow(group);
    this.#meet(group, logSequence);
    this.#endEpochs(group, logSequence);
    this.point = pointAfter(group);
    return true;
  }

  #follow(group: PlacedGroup): void {
    for (const branch of this.#branches) {
      if (branch.point.sequence + 1 !== group.first) continue;
      const next = placeGroup(branch.point, group.payload);
      if (next !== undefined) branch.point = pointAfter(next);
    }
  }

  #meet(group: PlacedGroup, logSequence: number): void {
    for (;;) {
      const [receipt] = this.#receipts;
      if (receipt === undefined || receipt.first > group.last) return;
      this.#receipts.shift();
      const other = `the receipt is of log sequence ${receipt.logSequence}, not ${logSequence}`;
      const isElsewhere = receipt.logSequence !== logSequence;
      const differs = groupDiffers(receipt, group) ?? (isElsewhere ? other : undefined);
      const met = { receipt, logSequence, differs, leadsToEpoch: false };
      this.met.set(receipt, met);
      // One that agrees goes where the log goes.
      if (differs === undefined) continue;
      this.#branches.push({ met, point: { sequence: receipt.last, head: receipt.head } });
    }
  }

  #endEpochs(group: PlacedGroup, logSequence: number): void {
    for (;;) {
      const [epoch] = this.#epochs;
      if (epoch === undefined || Number(epoch.header.sequenceLast) > group.last) return;
      this.#epochs.shift();
      const { header } = epoch;
      const last = Number(header.sequenceLast);
      const isHead = (point: ChainPoint) =>
        point.sequence === last && bytesToHex(point.head) === bytesToHex(header.logHeadEnd);
      for (const { met, point } of this.#branches) {
        if (isHead(point)) met.leadsToEpoch = true;
      }
      this.#branches = this.#branches.filter(({ point }) => point.sequence > last);
      if (isHead(pointAfter(group)) && BigInt(logSequence) === header.logLast) {
        this.agreeing.add(header.epoch);
        continue;
      }
      const where = `epoch ${header.epoch}, which ends at log sequence ${header.logLast}`;
      this.disagrees ??= `the log does not lead to the head that is signed for ${where}`;
    }
  }
}

export async function walkLog(
  reader: LogReader,
  market: string,
  { receipts, epochs }: { receipts: readonly Receipt[]; epochs: readonly SignedEpoch[] },
): Promise<LogWalk> {
  const walker = new Walker(receipts, epochs);
  const filter = `log.*.${market}`;
  for await (const record of reader.read({ fromSequence: 1, filter, follow: false })) {
    if (!walker.take(record.payload, record.sequence)) break;
  }
  const { met, agreeing, disagrees, point } = walker;
  return { met, agreeing, disagrees, end: point.sequence };
}

/** Groups of a market between two log sequences, both inclusive; undefined beyond `mostBytes`. */
export async function groupsBetween(
  reader: LogReader,
  market: string,
  { from, to, mostBytes }: { from: number; to: number; mostBytes: number },
): Promise<Uint8Array[] | undefined> {
  const groups: Uint8Array[] = [];
  let bytes = 0;
  const filter = `log.*.${market}`;
  for await (const record of reader.read({ fromSequence: from, filter, follow: false })) {
    if (record.sequence > to) break;
    bytes += record.payload.byteLength;
    if (bytes > mostBytes) return undefined;
    groups.push(new Uint8Array(record.payload));
  }
  return groups;
}

/** The market's chain before the group at a log sequence. */
export async function headBefore(
  reader: LogReader,
  market: string,
  logSequence: number,
): Promise<Uint8Array> {
  let point = CHAIN_START;
  const filter = `log.*.${market}`;
  for await (const record of reader.read({ fromSequence: 1, filter, follow: false })) {
    if (record.sequence >= logSequence) break;
    const group = placeGroup(point, record.payload);
    if (group === undefined) break;
    point = pointAfter(group);
  }
  return point.head;
}
