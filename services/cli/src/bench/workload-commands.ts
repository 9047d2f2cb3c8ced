/** Workload records as the engine's commands, written before any clock starts. */
import {
  Asset,
  CommandKind,
  CommandOffset,
  RECORD_BYTES,
  TimeInForce,
  viewOf,
  writeCommand,
} from '@foldbook/protocol';
import { RecordOffset, RecordType, WORKLOAD_RECORD_BYTES, type Workload } from './workload.ts';

const FIRST_ACCOUNT = 2;
const SESSION = 1;
/** Of each asset, all accounts together. */
const FUNDS = 2n ** 62n;
export const MAX_ACCOUNTS = 2 ** 20;

export interface WorkloadCommands {
  /** Creates the market and funds the accounts. */
  readonly setUp: Uint8Array;
  /** A command for each record, in its order. */
  readonly commands: Uint8Array;
}

/** @param accounts - over how many of them the orders are spread, 1 to MAX_ACCOUNTS */
export function workloadCommands(workload: Workload, accounts: number): WorkloadCommands {
  return { setUp: setUpCommands(accounts), commands: orderCommands(workload, accounts) };
}

function setUpCommands(accounts: number): Uint8Array {
  const records = new Uint8Array((1 + 2 * accounts) * RECORD_BYTES);
  const view = viewOf(records);
  const create = { kind: CommandKind.CREATE_MARKET, makerFeePpm: 0, takerFeePpm: 0 } as const;
  writeCommand(view, 0, { ...create, session: SESSION, requestId: 1n }, 0);
  const amount = FUNDS / BigInt(accounts);
  for (let index = 0; index < 2 * accounts; index += 1) {
    const deposit = {
      kind: CommandKind.DEPOSIT,
      session: SESSION,
      requestId: BigInt(index) + 2n,
      account: FIRST_ACCOUNT + (index >> 1),
      asset: (index & 1) === 0 ? Asset.BASE : Asset.QUOTE,
      amount,
    };
    writeCommand(view, (index + 1) * RECORD_BYTES, deposit, 0);
  }
  return records;
}

/** One session an account; request ids rise through the whole file, so in each session too. */
function orderCommands(workload: Workload, accounts: number): Uint8Array {
  const { records } = workload;
  const count = workload.prefill + workload.commands;
  const commands = new Uint8Array(count * RECORD_BYTES);
  const view = viewOf(commands);
  for (let index = 0; index < count; index += 1) {
    const from = index * WORKLOAD_RECORD_BYTES;
    const to = index * RECORD_BYTES;
    const type = records.getUint8(from + RecordOffset.TYPE);
    const id = records.getUint32(from + RecordOffset.ID, true);
    view.setUint8(to + CommandOffset.KIND, kindOf(type));
    view.setUint32(to + CommandOffset.ACCOUNT, accountOf(id, accounts), true);
    view.setUint16(to + CommandOffset.SESSION, SESSION, true);
    view.setUint32(to + CommandOffset.REQUEST_ID, index + 1, true);
    view.setUint32(to + CommandOffset.CLIENT_ORDER_ID, id, true);
    if (type === RecordType.CANCEL) continue;
    view.setUint8(to + CommandOffset.SIDE, records.getUint8(from + RecordOffset.SIDE));
    view.setUint8(to + CommandOffset.TIME_IN_FORCE, TimeInForce.GTC);
    const price = records.getInt32(from + RecordOffset.PRICE, true);
    view.setUint32(to + CommandOffset.PRICE, price, true);
    const quantity = records.getUint32(from + RecordOffset.QUANTITY, true);
    view.setUint32(to + CommandOffset.QUANTITY, quantity, true);
  }
  return commands;
}

/** A modify loses its priority even where it shrinks: a REPLACE that does not ask to keep it. */
function kindOf(recordType: number): number {
  if (recordType === RecordType.NEW) return CommandKind.NEW;
  return recordType === RecordType.CANCEL ? CommandKind.CANCEL : CommandKind.REPLACE;
}

/**
 * Scattered, so that orders that come one after the other are not of accounts that lie side by side
 * in memory.
 */
export function accountOf(orderId: number, accounts: number): number {
  const scattered = Math.imul(orderId, 0x9e3779b1) >>> 0;
  return FIRST_ACCOUNT + Math.floor((scattered * accounts) / 2 ** 32);
}
