/** What a market comes to that the messages of a challenge file were sent to. */
import { conformCommands, KernelHost, settlementRecord } from '@foldbook/engine';
import {
  Asset,
  CommandKind,
  CommandOffset,
  encodeRecords,
  RECORD_BYTES,
  SettlementKind,
  viewOf,
} from '@foldbook/protocol';
import { RecordList, type SettlementRecord } from '@foldbook/verifier';

export const MAKER_PPM = -100;
export const TAKER_PPM = 300;
export const FIRST_ACCOUNT = 2;
const SESSION = 1;
const GROUP = 1_024;
/** Of each asset: enough for any file, and for 2,000 accounts less than a market may hold. */
const FUNDS = 2n ** 50n;

export interface PackFlow {
  readonly messages: number;
  readonly trades: number;
  /** All settlement records, the deposits of the beginning included. */
  readonly records: RecordList;
  /** The market's snapshot at the end. */
  readonly pieces: readonly Uint8Array[];
}

/**
 * @param bytes - the file, decompressed
 * @throws ConformError for a file that is not what it should be
 */
export function packFlow(
  kernel: WebAssembly.Module,
  bytes: Uint8Array,
  accounts: number,
): PackFlow {
  const { messages, write } = conformCommands(bytes);
  const commands = new Uint8Array(messages * RECORD_BYTES);
  write(commands);
  giveToAccounts(commands, accounts);
  const market = new KernelHost(kernel).addMarket();
  const records = new RecordList();
  let trades = 0;
  const onEvents = (block: Uint8Array, count: number) => {
    for (const record of settlementRecords(block, count)) {
      if (record.kind === SettlementKind.TRADE) trades += 1;
      records.push(record);
    }
  };
  for (const list of [openingOf(accounts), commands]) {
    for (let at = 0; at < list.byteLength; at += GROUP * RECORD_BYTES) {
      const group = list.subarray(at, at + GROUP * RECORD_BYTES);
      market.apply(group, group.byteLength / RECORD_BYTES, 0n, onEvents);
    }
  }
  const pieces = [...market.snapshot()].map((piece) => piece.slice());
  return { messages, trades, records, pieces };
}

/** Of so many events. */
export function* settlementRecords(block: Uint8Array, count: number): Generator<SettlementRecord> {
  const view = viewOf(block);
  for (let at = 0; at < count * RECORD_BYTES; at += RECORD_BYTES) {
    const move = settlementRecord(view, at);
    if (move === undefined) continue;
    const { kind, a, b, price, base, quote } = move;
    yield { kind, a, b, price, dBase: base, dQuote: quote };
  }
}

/** An order belongs to the account that its id falls to, as in the demo; ids of requests rise. */
function giveToAccounts(commands: Uint8Array, accounts: number): void {
  const view = viewOf(commands);
  const requests = new Float64Array(accounts);
  for (let at = 0; at < commands.byteLength; at += RECORD_BYTES) {
    const id = view.getBigUint64(at + CommandOffset.CLIENT_ORDER_ID, true);
    const owner = Number(id % BigInt(accounts));
    const request = (requests[owner] ?? 0) + 1;
    requests[owner] = request;
    view.setUint32(at + CommandOffset.ACCOUNT, FIRST_ACCOUNT + owner, true);
    view.setBigUint64(at + CommandOffset.REQUEST_ID, BigInt(request), true);
  }
}

/** A market and deposits for so many accounts. */
export function openingOf(accounts: number): Uint8Array {
  const set = { session: SESSION };
  const rates = { makerFeePpm: MAKER_PPM, takerFeePpm: TAKER_PPM };
  const deposits = Array.from({ length: 2 * accounts }, (_, index) => ({
    kind: CommandKind.DEPOSIT,
    requestId: BigInt(index) + 2n,
    account: FIRST_ACCOUNT + (index >>> 1),
    asset: index % 2 === 0 ? Asset.BASE : Asset.QUOTE,
    amount: FUNDS,
    ...set,
  }));
  const create = { kind: CommandKind.CREATE_MARKET, requestId: 1n, ...rates, ...set };
  return encodeRecords([[0, create], ...deposits.map((each) => [0, each] as const)]);
}
