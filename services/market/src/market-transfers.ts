/**
 * What a market has to do with transfers, as its log and its events tell it: what it paid to other
 * markets and is not known to have arrived, what came from them, and the totals of both. The log's
 * record of a withdrawal that names a market is all the outbox there is; this is where it is read.
 */
import {
  type Asset,
  CommandKind,
  CommandOffset,
  EventOffset,
  FundsOffset,
  RECORD_BYTES,
  ResultCode,
  readTransfer,
  type TransferIn,
  TransferOffset,
  type TransferOut,
  transferPosition,
  viewOf,
} from '@foldbook/protocol';
import { z } from 'zod';

/** Of each partition that transfers come from, the last ones that were refused. */
const REFUSALS_KEPT = 512;

/** Judged once and for all: the deposit did not happen, and a copy of it will not. */
const FINAL_CODES: ReadonlySet<number> = new Set([
  ...[ResultCode.INVALID_ACCOUNT, ResultCode.INVALID_ASSET, ResultCode.INVALID_QUANTITY],
  ...[ResultCode.BALANCE_LIMIT, ResultCode.SUPERSEDED],
]);

export const isFinalRefusal = (code: number) => FINAL_CODES.has(code);

export type OutgoingState =
  /** Durable, and not executed: the account may not have it. */
  | 'logged'
  | 'paid'
  /** The other market will not have it: it is to be paid back. */
  | 'refused'
  /** The deposit that pays it back is on its way through the log. */
  | 'returning'
  /** Nothing is left to do: it arrived, was paid back, or was never paid. */
  | 'settled';

/** A transfer that the market's log has. */
export interface Outgoing {
  /** Its number in the partition, and its deposit's request id. */
  readonly position: bigint;
  readonly part: TransferOut;
  /** Of the transfers that the market paid, from 1; 0 until it is paid. */
  number: number;
  state: OutgoingState;
}

/** Base and quote. */
type Amounts = Record<Asset, bigint>;
const nothing = (): Amounts => ({ 0: 0n, 1: 0n });

/** Between this market and another one. */
interface Peer {
  readonly paid: Amounts;
  readonly returned: Amounts;
  readonly arrived: Amounts;
}

interface Arrivals {
  /** Position of the last one that was judged. */
  last: bigint;
  readonly refused: { readonly position: bigint; readonly code: number }[];
}

const decimal = z.string().regex(/^[0-9]{1,40}$/);
const amountsSchema = z.tuple([decimal, decimal]);
const count = z.int().min(0);
const assetSchema = z.union([z.literal(0), z.literal(1)]);

/** As checkpoints keep it. Amounts and positions are decimal: totals may outgrow 64 bits. */
export const savedTransfersSchema = z.object({
  deposited: amountsSchema,
  withdrawn: amountsSchema,
  paid: count,
  lastReturnId: decimal,
  peers: z.array(
    z.object({
      ...{ market: z.string(), paid: amountsSchema },
      ...{ returned: amountsSchema, arrived: amountsSchema },
    }),
  ),
  arrivals: z.array(
    z.object({
      session: count,
      last: decimal,
      refused: z.array(z.object({ position: decimal, code: count })),
    }),
  ),
  outgoing: z.array(
    z.object({
      ...{ position: decimal, number: count, to: z.string(), account: count, amount: decimal },
      ...{ asset: assetSchema, toAccount: count, toAsset: assetSchema },
    }),
  ),
});

export type SavedTransfers = z.infer<typeof savedTransfersSchema>;

/** A command of the log that is part of a transfer, until its group has executed. */
interface LoggedPart {
  readonly logSequence: number;
  readonly index: number;
  readonly part: TransferIn | Outgoing;
}

const isOutgoing = (part: TransferIn | Outgoing): part is Outgoing => 'position' in part;

export class MarketTransfers {
  /** Told of each one as soon as it is durable, in the order of the log. */
  onOutgoing: (outgoing: Outgoing) => void = () => undefined;
  #logged: LoggedPart[] = [];
  #logSequence = 0;
  #firstSequence = 0;
  readonly #outgoing = new Map<number, Outgoing>();
  #paid = 0;
  #lastReturnId = 0n;
  readonly #deposited = nothing();
  readonly #withdrawn = nothing();
  readonly #peers = new Map<string, Peer>();
  readonly #arrivals = new Map<number, Arrivals>();

  /** A durable group, before it is executed. */
  logged(group: Uint8Array, logSequence: number): void {
    for (let at = RECORD_BYTES; at < group.byteLength; at += RECORD_BYTES) {
      const kind = group[at + CommandOffset.KIND];
      if (kind !== CommandKind.DEPOSIT && kind !== CommandKind.WITHDRAW) continue;
      if (group[at + TransferOffset.MARKET] === 0) continue;
      this.#note(group, at, logSequence);
    }
  }

  #note(group: Uint8Array, at: number, logSequence: number): void {
    const read = readTransfer(viewOf(group), at);
    if (read === undefined) return;
    const index = at / RECORD_BYTES - 1;
    if (read.type !== 'out') {
      this.#logged.push({ logSequence, index, part: read });
      if (read.type === 'return' && read.requestId > this.#lastReturnId) {
        this.#lastReturnId = read.requestId;
      }
      return;
    }
    const position = transferPosition(logSequence, index);
    const outgoing: Outgoing = { position, part: read, number: 0, state: 'logged' };
    this.#logged.push({ logSequence, index, part: outgoing });
    this.onOutgoing(outgoing);
  }

  startGroup(logSequence: number, firstSequence: number): void {
    this.#logSequence = logSequence;
    this.#firstSequence = firstSequence;
  }

  /** A FUNDS event. */
  funds(view: DataView, offset: number, sequence: number): void {
    const command = view.getUint16(offset + EventOffset.CODE, true);
    if (command !== CommandKind.DEPOSIT && command !== CommandKind.WITHDRAW) return;
    const asset: Asset = view.getUint8(offset + EventOffset.SIDE) === 0 ? 0 : 1;
    const amount = view.getBigUint64(offset + FundsOffset.AMOUNT, true);
    const part = this.#take(sequence);
    if (part === undefined) {
      const total = command === CommandKind.DEPOSIT ? this.#deposited : this.#withdrawn;
      total[asset] += amount;
    } else if (isOutgoing(part)) {
      this.#paid += 1;
      part.number = this.#paid;
      part.state = 'paid';
      this.#outgoing.set(part.number, part);
      this.#peer(part.part.to).paid[asset] += amount;
    } else if (part.type === 'arrival') {
      this.#peer(part.from).arrived[asset] += amount;
      this.#judged(part.session, part.requestId);
    } else {
      this.#peer(part.from).returned[asset] += amount;
      const outgoing = this.#outgoing.get(part.returns);
      if (outgoing !== undefined) this.settle(outgoing);
    }
  }

  /** A REJECTED event. */
  rejected(code: number, sequence: number): void {
    if (this.#logged.length === 0) return;
    const part = this.#take(sequence);
    if (part === undefined) return;
    if (isOutgoing(part)) part.state = 'settled';
    else if (part.type === 'arrival') this.#refused(part, code);
    else {
      // It is still owed: paid back again, when there may be room for it.
      const outgoing = this.#outgoing.get(part.returns);
      if (outgoing !== undefined) outgoing.state = 'refused';
    }
  }

  /** What the group had that neither moved funds nor was rejected had been answered before. */
  endGroup(): void {
    while (this.#logged[0] !== undefined && this.#logged[0].logSequence <= this.#logSequence) {
      const { part } = this.#logged[0];
      if (isOutgoing(part)) part.state = 'settled';
      this.#logged.shift();
    }
  }

  /** Nothing is left to do about it. */
  settle(outgoing: Outgoing): void {
    outgoing.state = 'settled';
    this.#outgoing.delete(outgoing.number);
  }

  /** Of the next deposit that pays back. */
  nextReturnId(): bigint {
    this.#lastReturnId += 1n;
    return this.#lastReturnId;
  }

  /** What came in a session of account 0: how far it was judged, and what was refused. */
  arrivalsOf(session: number): Readonly<Arrivals> {
    return this.#arrivals.get(session) ?? { last: 0n, refused: [] };
  }

  save(): SavedTransfers {
    const texts = (amounts: Amounts): [string, string] => [`${amounts[0]}`, `${amounts[1]}`];
    const peers = [...this.#peers].map(([market, { paid, returned, arrived }]) => {
      return { market, paid: texts(paid), returned: texts(returned), arrived: texts(arrived) };
    });
    return {
      deposited: texts(this.#deposited),
      withdrawn: texts(this.#withdrawn),
      paid: this.#paid,
      lastReturnId: `${this.#lastReturnId}`,
      peers,
      arrivals: [...this.#arrivals].map(([session, { last, refused }]) => ({
        session,
        last: `${last}`,
        refused: refused.map(({ position, code }) => ({ position: `${position}`, code })),
      })),
      outgoing: [...this.#outgoing.values()].map(({ position, number, part }) => {
        const { to, account, asset, amount, toAccount, toAsset } = part;
        const fields = { to, account, asset, toAccount, toAsset };
        return { position: `${position}`, number, ...fields, amount: `${amount}` };
      }),
    };
  }

  /** Instead of the groups and events that lead there. */
  restore(saved: SavedTransfers): void {
    const set = (amounts: Amounts, [base, quote]: readonly [string, string]) => {
      amounts[0] = BigInt(base);
      amounts[1] = BigInt(quote);
    };
    set(this.#deposited, saved.deposited);
    set(this.#withdrawn, saved.withdrawn);
    this.#paid = saved.paid;
    this.#lastReturnId = BigInt(saved.lastReturnId);
    for (const { market, paid, returned, arrived } of saved.peers) {
      const peer = this.#peer(market);
      set(peer.paid, paid);
      set(peer.returned, returned);
      set(peer.arrived, arrived);
    }
    for (const { session, last, refused } of saved.arrivals) {
      const codes = refused.map(({ position, code }) => ({ position: BigInt(position), code }));
      this.#arrivals.set(session, { last: BigInt(last), refused: codes });
    }
    for (const { position, number, amount, ...fields } of saved.outgoing) {
      const part = { type: 'out', ...fields, amount: BigInt(amount) } as const;
      const outgoing: Outgoing = { position: BigInt(position), part, number, state: 'paid' };
      this.#outgoing.set(number, outgoing);
      this.onOutgoing(outgoing);
    }
  }

  /** The part of a transfer that the command with this sequence has. */
  #take(sequence: number): TransferIn | Outgoing | undefined {
    const index = sequence - this.#firstSequence;
    for (let head = this.#logged[0]; head !== undefined; head = this.#logged[0]) {
      if (head.logSequence > this.#logSequence) return undefined;
      if (head.logSequence === this.#logSequence && head.index > index) return undefined;
      this.#logged.shift();
      if (head.logSequence === this.#logSequence && head.index === index) return head.part;
      if (isOutgoing(head.part)) head.part.state = 'settled';
    }
    return undefined;
  }

  #peer(name: string): Peer {
    const known = this.#peers.get(name);
    if (known !== undefined) return known;
    const peer = { paid: nothing(), returned: nothing(), arrived: nothing() };
    this.#peers.set(name, peer);
    return peer;
  }

  #judged(session: number, position: bigint): Arrivals {
    const arrivals = this.#arrivals.get(session) ?? { last: 0n, refused: [] };
    if (position > arrivals.last) arrivals.last = position;
    this.#arrivals.set(session, arrivals);
    return arrivals;
  }

  #refused({ session, requestId }: TransferIn, code: number): void {
    if (!isFinalRefusal(code)) return;
    const { refused } = this.#judged(session, requestId);
    if (refused.some(({ position }) => position === requestId)) return;
    refused.push({ position: requestId, code });
    if (refused.length > REFUSALS_KEPT) refused.shift();
  }
}
