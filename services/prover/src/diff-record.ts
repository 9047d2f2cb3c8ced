// SPDX-License-Identifier: GPL-3.0-or-later
/** Adapter of the diff stream: binary batches in, typed records out. */
import {
  BatchKind,
  ChainOffset,
  type Decoded,
  decodeBatchHeader,
  type EpochMark,
  EventKind,
  EventOffset,
  RECORD_BYTES,
  readCount,
  readEvent,
  readSettlement,
  refuse,
  type SettlementEntry,
  viewOf,
} from '@foldbook/protocol';
import { type RuleEvent, ruleEvent } from '@foldbook/verifier/replay';

/** Far above what fits a broker's message; bounds what a damaged count can make us read. */
const MAX_BATCH_RECORDS = 1 << 16;
const HEAD_BYTES = 32;

/** Where the market's log stood after the last group of an epoch. */
export interface ChainHead {
  readonly type: 'chain-head';
  readonly sequence: number;
  /** 32 bytes of the log's hash chain. */
  readonly head: Uint8Array;
  /** Log stream sequences of the epoch's last and first group. */
  readonly logSequence: number;
  readonly logFirst: number;
}

export interface Settlement extends SettlementEntry {
  readonly type: 'settlement';
}

export type DiffRecord = RuleEvent | Settlement | EpochMark | ChainHead;

export interface DiffBatch {
  /** The market's number, as header, genesis and proofs name it. */
  readonly market: number;
  readonly records: readonly DiffRecord[];
}

/** Reads a message of a market's diff stream. A kind that this prover doesn't know is refused. */
export function decodeDiffBatch(payload: Uint8Array): Decoded<DiffBatch> {
  const header = decodeBatchHeader(payload, BatchKind.DIFF, MAX_BATCH_RECORDS);
  if (!header.ok) return header;
  const view = viewOf(payload);
  const records: DiffRecord[] = [];
  for (let offset = RECORD_BYTES; offset < payload.byteLength; offset += RECORD_BYTES) {
    const record = readDiffRecord(view, offset);
    if (record === undefined) {
      const kind = view.getUint8(offset + EventOffset.KIND);
      return refuse('UNKNOWN_KIND', offset, `record kind ${kind} on a diff stream`);
    }
    records.push(record);
  }
  return { ok: true, value: { market: header.value.market, records } };
}

function readDiffRecord(view: DataView, offset: number): DiffRecord | undefined {
  switch (view.getUint8(offset + EventOffset.KIND)) {
    case EventKind.SETTLEMENT:
      return { type: 'settlement', ...readSettlement(view, offset) };
    case EventKind.CHAIN_HEAD:
      return readChainHead(view, offset);
    default: {
      const event = readEvent(view, offset);
      return event?.type === 'epoch' ? event : ruleEvent(event);
    }
  }
}

function readChainHead(view: DataView, offset: number): ChainHead {
  const start = view.byteOffset + offset + ChainOffset.HEAD;
  return {
    type: 'chain-head',
    sequence: readCount(view, offset + ChainOffset.SEQUENCE),
    head: new Uint8Array(view.buffer.slice(start, start + HEAD_BYTES)),
    logSequence: readCount(view, offset + ChainOffset.LOG_SEQUENCE),
    logFirst: readCount(view, offset + ChainOffset.LOG_FIRST),
  };
}
