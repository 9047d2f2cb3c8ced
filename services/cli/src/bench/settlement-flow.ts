/** Settlement records of order flow through the engine, cut into parts that can be proved. */
import { KernelHost } from '@foldbook/engine';
import { encodeRecords, RECORD_BYTES, SettlementKind } from '@foldbook/protocol';
import { RecordList, type SettlementRecord } from '@foldbook/verifier';
import { builtInFlow } from '../built-in-flow.ts';
import { FIRST_ACCOUNT, openingOf, settlementRecords } from './pack-flow.ts';

const GROUP = 1_024;
const SEED = 7;
/** More messages than this without records: the flow has come to a standstill. */
const MAX_MESSAGES = 100_000_000;

/** At least so many records of the built-in flow, the deposits of the beginning included. */
export function builtInRecords(
  kernel: WebAssembly.Module,
  accounts: number,
  atLeast: number,
): RecordList {
  const market = new KernelHost(kernel).addMarket();
  const records = new RecordList();
  const apply = (commands: Uint8Array) => {
    market.apply(commands, commands.byteLength / RECORD_BYTES, 0n, (block, count) => {
      for (const record of settlementRecords(block, count)) records.push(record);
    });
  };
  const opening = openingOf(accounts);
  for (let at = 0; at < opening.byteLength; at += GROUP * RECORD_BYTES) {
    apply(opening.subarray(at, at + GROUP * RECORD_BYTES));
  }
  const requests = new Float64Array(accounts);
  let group: Parameters<typeof encodeRecords>[0][number][] = [];
  for (const { sender, draft } of builtInFlow(MAX_MESSAGES, accounts, SEED).messages()) {
    const request = (requests[sender] ?? 0) + 1;
    requests[sender] = request;
    group.push([FIRST_ACCOUNT + sender, { ...draft, requestId: BigInt(request), session: 1 }]);
    if (group.length < GROUP) continue;
    apply(encodeRecords(group));
    group = [];
    if (records.length >= atLeast) break;
  }
  return records;
}

/**
 * The first so many parts, each as long as it may be: a part ends behind a trade's fees, where
 * balances are valid. What is left at the end fills no part; it is one only if it is the first.
 */
export function cutParts(records: RecordList, most: number, parts: number): SettlementRecord[][] {
  const cut: SettlementRecord[][] = [];
  let first = 0;
  while (cut.length < parts && first + (cut.length === 0 ? 1 : most) <= records.length) {
    let end = Math.min(first + most, records.length);
    while (end > first + 1 && end < records.length && isFee(records.get(end).kind)) end -= 1;
    cut.push(records.slice(first, end));
    first = end;
  }
  return cut;
}

const isFee = (kind: number): boolean =>
  kind === SettlementKind.FEE || kind === SettlementKind.REBATE;
