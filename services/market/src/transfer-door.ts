/**
 * What operators' messages may say of transfers, asked before the log: the other market is there
 * and has the same asset. Markets never change their symbols and are never removed, so that what
 * was found out once holds, and what is in the log can be delivered.
 */
import {
  Asset,
  type CommandBatch,
  CommandKind,
  CommandOffset,
  infoSubject,
  isMarketName,
  isTransferSession,
  RECORD_BYTES,
  RETURN_SESSION,
  type Refusal,
  ResultCode,
  readTransfer,
  refuse,
  TransferOffset,
  type TransferOut,
  viewOf,
} from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { decode } from '@msgpack/msgpack';
import { z } from 'zod';
import type { Market } from './market-registry.ts';
import type { TransferOutbox } from './transfer-outbox.ts';

const INFO_TIMEOUT_MS = 2_000;
/** Messages that wait for another market's facts at once. */
const MAX_WAITING = 64;

const infoSchema = z.object({
  code: z.int(),
  baseSymbol: z.string(),
  quoteSymbol: z.string(),
  priceDecimals: z.int(),
  quantityDecimals: z.int(),
});

type Facts = Omit<z.infer<typeof infoSchema>, 'code'>;

/** What an amount is of, and in which unit: 10^-decimals. */
interface AssetUnit {
  readonly symbol: string;
  readonly decimals: number;
}

function unitOf(facts: Facts, asset: Asset): AssetUnit {
  const { baseSymbol, quoteSymbol, priceDecimals, quantityDecimals } = facts;
  if (asset === Asset.BASE) return { symbol: baseSymbol, decimals: quantityDecimals };
  // A quote unit is a tick for a lot.
  return { symbol: quoteSymbol, decimals: priceDecimals + quantityDecimals };
}

export class TransferDoor {
  readonly #transport: Transport;
  readonly #outbox: Pick<TransferOutbox, 'isFull'>;
  readonly #known = new Map<string, Facts>();
  #waiting = 0;

  constructor(transport: Transport, outbox: Pick<TransferOutbox, 'isFull'>) {
    this.#transport = transport;
    this.#outbox = outbox;
  }

  /** Undefined lets the message in; a promise has to hear of another market first. */
  inspect(
    market: Market | undefined,
    batch: CommandBatch,
  ): Refusal | undefined | Promise<Refusal | undefined> {
    const unknown = new Set<string>();
    const view = viewOf(batch.records);
    for (let index = 0; index < batch.count; index += 1) {
      const offset = index * RECORD_BYTES;
      const part = readTransfer(view, offset);
      const refusal =
        part === undefined
          ? wrongWithout(view, offset, index)
          : part.type === 'out'
            ? this.#wrongOut(market, part, view.getUint8(offset + TransferOffset.TO_ASSET), index)
            : wrongIn(part, index);
      if (refusal !== undefined) return refusal;
      if (part?.type === 'out' && !this.#known.has(part.to)) unknown.add(part.to);
    }
    return unknown.size === 0 ? undefined : this.#learn(market, batch, unknown);
  }

  #wrongOut(
    market: Market | undefined,
    part: TransferOut,
    toAsset: number,
    index: number,
  ): Refusal | undefined {
    const { to } = part;
    if (!isMarketName(to)) return refuse('FIELD_RANGE', index, `toMarket ${to}`);
    if (toAsset > Asset.QUOTE) return refuse('FIELD_RANGE', index, `toAsset ${toAsset}`);
    if (market === undefined) return undefined;
    if (market.name === to) return refuse('NOT_PERMITTED', index, `${to} is the market itself`);
    if (this.#outbox.isFull(to)) {
      return refuse('BUSY', index, `too many transfers wait to arrive in ${to}`);
    }
    const there = this.#known.get(to);
    if (there === undefined) return undefined;
    const own = unitOf(market.terms.facts(), part.asset);
    const other = unitOf(there, part.toAsset);
    const isSame = own.symbol === other.symbol && own.decimals === other.decimals;
    if (isSame && own.symbol !== '') return undefined;
    const detail = `${words(own)} of ${market.name} would be ${words(other)} of ${to}`;
    return refuse('OTHER_ASSET', index, detail);
  }

  async #learn(
    market: Market | undefined,
    batch: CommandBatch,
    names: ReadonlySet<string>,
  ): Promise<Refusal | undefined> {
    if (this.#waiting >= MAX_WAITING) return refuse('BUSY', 0, 'other transfers wait for facts');
    this.#waiting += 1;
    try {
      for (const name of names) {
        const refusal = await this.#ask(name);
        if (refusal !== undefined) return refusal;
      }
    } finally {
      this.#waiting -= 1;
    }
    return this.inspect(market, batch);
  }

  async #ask(name: string): Promise<Refusal | undefined> {
    const silent = refuse('UNAVAILABLE', 0, `market ${name} does not answer`);
    let answer: unknown;
    try {
      const subject = infoSubject(name);
      const payload = new Uint8Array(0);
      answer = decode(await this.#transport.request(subject, payload, INFO_TIMEOUT_MS));
    } catch {
      return silent;
    }
    const parsed = infoSchema.safeParse(answer);
    if (parsed.success && parsed.data.code === ResultCode.OK) {
      const { baseSymbol, quoteSymbol } = parsed.data;
      // Nor has one whose creation has not run yet; so it is not remembered.
      if (baseSymbol === '' && quoteSymbol === '') {
        return refuse('OTHER_ASSET', 0, `the assets of ${name} have no symbols`);
      }
      this.#known.set(name, parsed.data);
      return undefined;
    }
    const code = z.object({ code: z.literal(ResultCode.UNKNOWN_MARKET) }).safeParse(answer);
    return code.success ? refuse('UNKNOWN_MARKET', 0, name) : silent;
  }
}

const words = ({ symbol, decimals }: AssetUnit) =>
  symbol === '' ? 'an asset without a symbol' : `${symbol} with ${decimals} decimals`;

/** Of a command that names no other market. */
function wrongWithout(view: DataView, offset: number, index: number): Refusal | undefined {
  const session = view.getUint16(offset + CommandOffset.SESSION, true);
  if (isTransferSession(session)) {
    return refuse('NOT_PERMITTED', index, `session ${session} is kept for transfers`);
  }
  const kind = view.getUint8(offset + CommandOffset.KIND);
  if (kind !== CommandKind.DEPOSIT && kind !== CommandKind.WITHDRAW) return undefined;
  const isBare =
    view.getUint32(offset + TransferOffset.TO_ACCOUNT, true) === 0 &&
    view.getUint8(offset + TransferOffset.TO_ASSET) === 0;
  return isBare ? undefined : refuse('FIELD_RANGE', index, 'a transfer names the other market');
}

function wrongIn(
  part: { readonly type: 'arrival' | 'return'; readonly from: string; readonly session: number },
  index: number,
): Refusal | undefined {
  if (!isMarketName(part.from)) return refuse('FIELD_RANGE', index, `fromMarket ${part.from}`);
  if (part.type === 'return') {
    return refuse('NOT_PERMITTED', index, 'a market pays back by itself');
  }
  const isOfPartition = isTransferSession(part.session) && part.session !== RETURN_SESSION;
  if (isOfPartition) return undefined;
  return refuse('NOT_PERMITTED', index, `transfers do not arrive in session ${part.session}`);
}
