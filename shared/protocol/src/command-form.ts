/**
 * The form of a command record: which bytes each kind uses. That is all the edge checks; values (is
 * there such a side, is the price in range) are judged by the engine, so that a rejection is in the
 * log.
 */
import { fieldsOf, partsOf } from './command-fields.ts';
import { CommandKind, CommandOffset, RECORD_BYTES } from './layout.ts';
import { MAX_ACCOUNT } from './limits.ts';
import { type Refusal, refuse } from './result.ts';

/** Who may publish: clients on `cmd.*`, operators on `adm.*`. */
export type Role = 'client' | 'operator';

/** Client kinds. */
export function isOrderKind(kind: number): boolean {
  return kind >= CommandKind.NEW && kind <= CommandKind.QUOTE;
}

/** Operator kinds. */
export function isAdminKind(kind: number): boolean {
  return UNUSED.has(kind) && !isOrderKind(kind);
}

interface UnusedBits {
  readonly offset: number;
  /** Of the little-endian u32 at `offset`. */
  readonly mask: number;
}

const UNUSED: ReadonlyMap<number, readonly UnusedBits[]> = new Map(
  Object.values(CommandKind).map((kind) => [kind, unusedBits(kind)]),
);

function unusedBits(kind: CommandKind): UnusedBits[] {
  const bytes = new Uint8Array(RECORD_BYTES).fill(0xff);
  const use = (offset: number, width: number) => bytes.fill(0, offset, offset + width);
  use(CommandOffset.KIND, 1);
  use(CommandOffset.SESSION, 2);
  use(CommandOffset.REQUEST_ID, 8);
  if (isOrderKind(kind)) use(CommandOffset.ACCOUNT, 4);
  for (const [, field] of fieldsOf(kind)) {
    for (const [offset, width] of partsOf(field)) use(offset, width);
  }
  const view = new DataView(bytes.buffer);
  const words = Array.from({ length: RECORD_BYTES / 4 }, (_, index) => index * 4);
  return words
    .map((offset) => ({ offset, mask: view.getUint32(offset, true) }))
    .filter(({ mask }) => mask !== 0);
}

/**
 * Checks the record at `offset` and writes the sender into it where it is a client's. Bytes that
 * its kind does not use must be zero, so that later versions can give them a meaning and one
 * command has one record. `place` is where the record starts in the message.
 */
export function checkRecord(
  view: DataView,
  offset: number,
  role: Role,
  account: number,
  place: number,
): Refusal | undefined {
  const kind = view.getUint8(offset + CommandOffset.KIND);
  const unused = UNUSED.get(kind);
  if (unused === undefined) return refuse('UNKNOWN_KIND', place, `command kind ${kind}`);
  const isOrder = isOrderKind(kind);
  if (isOrder !== (role === 'client')) {
    return refuse('NOT_PERMITTED', place, `command kind ${kind} from a ${role}`);
  }
  for (const { offset: at, mask } of unused) {
    if ((view.getUint32(offset + at, true) & mask) !== 0) {
      const detail = `command kind ${kind} does not use all of bytes ${at} to ${at + 3}`;
      return refuse('RESERVED_NOT_ZERO', place + at, detail);
    }
  }
  const named = view.getUint32(offset + CommandOffset.ACCOUNT, true);
  if (named > MAX_ACCOUNT) {
    return refuse('FIELD_RANGE', place + CommandOffset.ACCOUNT, `account ${named}`);
  }
  if (!isOrder) return undefined;
  if (named !== 0 && named !== account) {
    return refuse('ACCOUNT_MISMATCH', place + CommandOffset.ACCOUNT, `account ${named}`);
  }
  view.setUint32(offset + CommandOffset.ACCOUNT, account, true);
  return undefined;
}
