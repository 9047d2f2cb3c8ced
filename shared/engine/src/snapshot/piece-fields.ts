/** Which fields of a snapshot's records are packed into columns, and what is expected of each. */
import {
  AccountOffset,
  OrderOffset,
  RESULT_BYTES,
  ResultsOffset,
  SessionOffset,
  SnapshotKind,
  TermsOffset,
} from './layout.ts';

export interface PieceField {
  readonly at: number;
  readonly width: 1 | 2 | 4 | 6 | 8;
  /**
   * What the column holds: the value; the step from the record of the kind before; the step from
   * another field of this record; or the step from a line through that other field's steps.
   */
  readonly how: 'value' | 'step' | 'from' | 'line';
  /** Place of the other field in the kind's list; it comes first. */
  readonly of?: number;
  /** Its column is one of planes: words of several bytes, the low ones noise. */
  readonly planes?: boolean;
  /** The record before is the last one with the same first field. */
  readonly byFirst?: boolean;
}

/** No record of its own: one of the results of a RESULTS record. */
export const RESULT_ENTRY = 11;

const value = (at: number, width: PieceField['width'] = 8): PieceField => {
  return { at, width, how: 'value' };
};
const step = (at: number, width: PieceField['width'] = 8): PieceField => {
  return { at, width, how: 'step' };
};

const ORDER_ID_PLACE = 5;
const LAST_SEQUENCE_PLACE = 3;

/** By kind. Records of other kinds, of which a snapshot has a handful, stay as they are. */
export const PIECE_FIELDS: ReadonlyMap<number, readonly PieceField[]> = new Map([
  [
    SnapshotKind.ACCOUNT,
    [
      value(AccountOffset.TIER, 1),
      step(AccountOffset.ACCOUNT, 4),
      { ...step(AccountOffset.BASE_AVAILABLE), planes: true },
      { ...value(AccountOffset.BASE_HELD), planes: true },
      { ...step(AccountOffset.QUOTE_AVAILABLE), planes: true },
      { ...value(AccountOffset.QUOTE_HELD), planes: true },
      step(AccountOffset.DEADLINE),
      value(AccountOffset.SESSIONS, 4),
      value(AccountOffset.ORDERS, 4),
    ],
  ],
  [
    SnapshotKind.SESSION,
    [
      value(SessionOffset.SESSION, 2),
      value(SessionOffset.RESULTS, 4),
      value(SessionOffset.LAST_ID),
      step(SessionOffset.LAST_SEQUENCE),
      value(SessionOffset.DIGEST),
      { at: SessionOffset.SEQUENCE_BEFORE, width: 8, how: 'from', of: LAST_SEQUENCE_PLACE },
    ],
  ],
  [SnapshotKind.RESULTS, [value(ResultsOffset.COUNT, 1)]],
  // The sequence has six bytes, the code two.
  [RESULT_ENTRY, [step(0), step(8, 6), value(RESULT_BYTES - 2, 2)]],
  [
    SnapshotKind.ORDER,
    [
      value(OrderOffset.SIDE, 1),
      value(OrderOffset.TYPE, 1),
      value(OrderOffset.TIME_IN_FORCE, 1),
      value(OrderOffset.SELF_TRADE, 1),
      value(OrderOffset.FLAGS, 1),
      { ...step(OrderOffset.ORDER_ID), planes: true },
      { at: OrderOffset.CLIENT_ORDER_ID, width: 8, how: 'line', of: ORDER_ID_PLACE, planes: true },
      { at: OrderOffset.PRICE, width: 8, how: 'step', byFirst: true },
      value(OrderOffset.DISPLAYED),
      value(OrderOffset.HIDDEN),
      { at: OrderOffset.PRIORITY, width: 8, how: 'line', of: ORDER_ID_PLACE, planes: true },
      step(OrderOffset.EXPIRE_TIME, 4),
    ],
  ],
  [SnapshotKind.TERMS, [value(TermsOffset.DISPLAY_SIZE), step(TermsOffset.STOP_PRICE)]],
]);
