/** An operator's commands: markets, deposits, withdrawals, epochs. Low in number, each awaited. */
import {
  type AdminCommand,
  type Asset,
  adminSubject,
  CommandKind,
  decodeReply,
  encodeCommands,
  infoSubject,
  type MarketEvent,
  ResultCode,
} from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { decode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';

export interface MarketInfo {
  readonly market: string;
  readonly id: number;
  readonly partition: number;
  /** Market sequence of the last command. */
  readonly sequence: number;
  readonly generation: number;
  /** What "acknowledged" survives: the log's storage, replicas and sync. */
  readonly durability: string;
  /** Core of the market thread; null where it could not be pinned. */
  readonly core: number | null;
  readonly pending: number;
  readonly openRecords: number;
  readonly commands: number;
  readonly trades: number;
  readonly deltas: number;
  readonly groups: number;
}

type AdminDraft = DistributiveOmit<AdminCommand, 'session' | 'requestId'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export class OperatorClient {
  readonly #transport: Transport;
  readonly #market: string;
  readonly #session: number;
  #nextRequestId = Date.now() * 1_000;

  constructor(transport: Transport, market: string, session = 0) {
    this.#transport = transport;
    this.#market = market;
    this.#session = session;
  }

  /** Answers MARKET_CREATED, or the rejection. Rates in parts per million, signed. */
  createMarket(makerFeePpm: number, takerFeePpm: number): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.CREATE_MARKET, makerFeePpm, takerFeePpm });
  }

  deposit(account: number, asset: Asset, amount: bigint): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.DEPOSIT, account, asset, amount });
  }

  withdraw(account: number, asset: Asset, amount: bigint): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.WITHDRAW, account, asset, amount });
  }

  closeEpoch(): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.CLOSE_EPOCH });
  }

  async info(): Promise<MarketInfo> {
    const subject = infoSubject(this.#market);
    const answer = decode(await ask(this.#transport, subject, new Uint8Array(0)));
    if (typeof answer !== 'object' || answer === null) {
      throw new ClientError('BAD_ANSWER', `${subject}: not a map`);
    }
    const info = answer as MarketInfo & { readonly code: number; readonly name?: string };
    if (info.code === ResultCode.OK) return info;
    throw new ClientError('REFUSED', `${subject}: ${info.name ?? info.code}`);
  }

  async #command(draft: AdminDraft): Promise<MarketEvent> {
    const requestId = BigInt(this.#nextRequestId);
    this.#nextRequestId += 1;
    const command: AdminCommand = { ...draft, session: this.#session, requestId };
    const subject = adminSubject(this.#market);
    const reply = decodeReply(await ask(this.#transport, subject, encodeCommands([command])));
    if (!reply.ok) throw new ClientError('BAD_ANSWER', `${subject}: ${reply.detail}`);
    const { code, name, detail, events } = reply.value;
    if (code !== ResultCode.OK) throw new ClientError('REFUSED', `${subject}: ${name} ${detail}`);
    const event = events[0];
    if (event === undefined) throw new ClientError('BAD_ANSWER', `${subject}: no event`);
    return event;
  }
}
