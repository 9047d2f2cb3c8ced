/**
 * The command adapter: messages off the wire, checked and handed to the sequencer. Identity is the
 * subject's; every refusal is answered with its code.
 */
import {
  ADMIN_FILTER,
  type CommandBatch,
  CommandKind,
  CommandOffset,
  decodeMessage,
  encodeRefusal,
  encodingOf,
  isSystemAccount,
  parseClientSubject,
  parseMarketSubject,
  RECORD_BYTES,
  type Refusal,
  ResultCode,
  refuse,
} from '@foldbook/protocol';
import {
  answer,
  type Logger,
  type OnRefused,
  type Subscription,
  type Transport,
  type TransportMessage,
} from '@foldbook/runtime';
import type { RefusedAdmission } from './admission.ts';
import type { ServiceMetrics } from './market-metrics.ts';
import type { Market, MarketRegistry } from './market-registry.ts';
import type { PartitionDoor } from './partition-door.ts';
import type { ReceiptDesk } from './receipt-desk.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { Sequencer } from './sequencer.ts';
import type { TransferDoor } from './transfer-door.ts';

interface Sender {
  readonly market: string;
  readonly account: number;
}

/** Who is told of messages, and of those that are refused. */
export interface Observers {
  readonly refusals: RefusalLog;
  readonly metrics: ServiceMetrics;
  readonly logger: Logger;
  /** Asked of what operators say of transfers. */
  readonly transfers: TransferDoor;
}

export class CommandAdapter {
  readonly #transport: Transport;
  readonly #markets: MarketRegistry;
  readonly #sequencer: Sequencer;
  readonly #logger: Logger;
  readonly #metrics: ServiceMetrics;
  #subscriptions: Subscription[] = [];
  readonly #refusals: RefusalLog;
  #refusesAll = false;
  readonly #transfers: TransferDoor;
  #isClosed = false;
  /** Undefined where the node signs none. */
  readonly #receipts: Pick<ReceiptDesk, 'isFull'> | undefined;

  constructor(
    transport: Transport,
    markets: MarketRegistry,
    sequencer: Sequencer,
    { refusals, metrics, logger, transfers }: Observers,
    receipts?: Pick<ReceiptDesk, 'isFull'> | undefined,
  ) {
    this.#receipts = receipts;
    this.#transfers = transfers;
    this.#refusals = refusals;
    this.#transport = transport;
    this.#markets = markets;
    this.#sequencer = sequencer;
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** `onRefused`: the broker keeps it from hearing some of the commands. */
  open(door: PartitionDoor, onRefused?: OnRefused): void {
    const subscribe = (filter: string, take: (message: TransportMessage) => Refusal | undefined) =>
      this.#transport.subscribe(
        filter,
        (message) => {
          const stranger = door.strangerTo(message.subject);
          if (stranger === 'others') return;
          this.#metrics.messages.add(1);
          const refusal = stranger ?? this.#whileOpen(message, take);
          if (refusal !== undefined) this.#refuse(message, refusal);
        },
        onRefused,
      );
    this.#subscriptions = [
      ...door.commandFilters.map((filter) =>
        subscribe(filter, (message) => this.#fromClient(message)),
      ),
      ...door
        .requestFilters(ADMIN_FILTER)
        .map((filter) => subscribe(filter, (message) => this.#fromOperator(message))),
    ];
  }

  /** From here on everything is answered BUSY: who sends it again finds the next owner. */
  refuseAll(): void {
    this.#refusesAll = true;
  }

  close(): void {
    this.#isClosed = true;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #whileOpen(
    message: TransportMessage,
    take: (message: TransportMessage) => Refusal | undefined,
  ): Refusal | undefined {
    return this.#refusesAll ? refuse('BUSY', 0, 'this owner ends; send it again') : take(message);
  }

  #fromClient(message: TransportMessage): Refusal | undefined {
    const sender = parseClientSubject(message.subject);
    if (sender === undefined) return refuse('FIELD_RANGE', 0, `subject ${message.subject}`);
    const market = this.#markets.byName(sender.market);
    if (!market?.isLogged) return refuse('UNKNOWN_MARKET', 0, sender.market);
    if (isSystemAccount(sender.account)) {
      return refuse('NOT_PERMITTED', 0, `account ${sender.account} belongs to no client`);
    }
    if (this.#sequencer.admission.isResting(sender.account)) {
      return this.#turnAway('RESTING', sender);
    }
    const batch = decodeMessage(message.payload, 'client', sender.account);
    return batch.ok ? this.#admit(message, market, batch.value, sender.account) : batch;
  }

  #fromOperator(message: TransportMessage): Refusal | undefined {
    const name = parseMarketSubject(message.subject);
    if (name === undefined) return refuse('FIELD_RANGE', 0, `subject ${message.subject}`);
    const batch = decodeMessage(message.payload, 'operator', 0);
    if (!batch.ok) return batch;
    const known = this.#markets.byName(name);
    const refusal = checkAdministration(batch.value, name, known);
    if (refusal !== undefined) return refusal;
    const inspected = this.#transfers.inspect(known, batch.value);
    if (!(inspected instanceof Promise)) {
      return inspected ?? this.#administrate(message, name, batch.value);
    }
    void inspected.then((late) => {
      const closed = this.#isClosed ? refuse('UNAVAILABLE', 0, 'the service ends') : undefined;
      const end = late ?? closed ?? this.#administrate(message, name, batch.value);
      if (end !== undefined) this.#refuse(message, end);
    });
    return undefined;
  }

  #administrate(message: TransportMessage, name: string, batch: CommandBatch): Refusal | undefined {
    const known = this.#markets.byName(name);
    // Before the log, which would bring it back with every restart.
    if (known === undefined && this.#markets.isFull) {
      return refuse('CAPACITY', 0, 'this node has as many markets as it may have (maxMarkets)');
    }
    const market = known ?? this.#markets.create(name);
    const busy = this.#admit(message, market, batch, 0);
    if (known === undefined && busy === undefined) {
      this.#markets.add(market);
      this.#logger.info('the creation of a market was admitted', { market: name, id: market.id });
    }
    return busy;
  }

  #admit(
    message: TransportMessage,
    market: Market,
    batch: CommandBatch,
    account: number,
  ): Refusal | undefined {
    const { replyWhen, wantsReceipt } = batch;
    if (wantsReceipt && this.#receipts === undefined) {
      return refuse('NOT_PERMITTED', 0, 'this node signs no receipts (receipts.keyFile)');
    }
    if (wantsReceipt && this.#receipts?.isFull) {
      return refuse('BUSY', 0, 'as many receipts as may wait are not signed yet');
    }
    const asker =
      message.reply === undefined || replyWhen === 'refused'
        ? undefined
        : {
            encoding: encodingOf(message.payload),
            replySubject: message.reply,
            account,
            whenReceived: replyWhen === 'received',
            wantsReceipt,
          };
    const answer = this.#sequencer.submit(market, batch, account, asker);
    if (answer === 'ADMITTED') return undefined;
    return this.#turnAway(answer, { market: market.name, account });
  }

  #turnAway(limit: RefusedAdmission, sender: Sender): Refusal {
    this.#metrics.turnedAway(limit);
    return explain(limit, sender);
  }

  #refuse(message: TransportMessage, refusal: Refusal): void {
    const sender = parseClientSubject(message.subject);
    this.#refusals.add(refusal.name, message.subject);
    this.#metrics.refused(ResultCode[refusal.name], sender?.account ?? 0);
    if (sender !== undefined) this.#sequencer.admission.refused(sender.account);
    if (message.reply === undefined) return;
    answer(this.#transport, message.reply, encodeRefusal(encodingOf(message.payload), refusal));
  }
}

/** What a refused sender is told: the code, and in words which limit it met. */
function explain(limit: RefusedAdmission, { market, account }: Sender): Refusal {
  switch (limit) {
    case 'BUSY':
      return refuse('BUSY', 0, `market ${market}`);
    case 'UNAVAILABLE':
      return refuse('UNAVAILABLE', 0, `market ${market}`);
    case 'SHARE_USED':
      return refuse('BUSY', 0, `account ${account} has its share of the commands that may wait`);
    case 'ACCOUNT_RATE':
      return refuse('BUSY', 0, `account ${account} sends more a second than it may`);
    case 'MARKET_RATE':
      return refuse('BUSY', 0, `market ${market} gets more a second than it may`);
    case 'LAGGING':
      return refuse('BUSY', 0, `market ${market} takes cancels only until it has caught up`);
    case 'RESTING':
      return refuse('BUSY', 0, `account ${account} was refused too often; wait a second`);
    default: {
      const unknown: never = limit;
      throw new RangeError(`no words for ${unknown}`);
    }
  }
}

function kindAt(batch: CommandBatch, index: number): number {
  return batch.records[index * RECORD_BYTES + CommandOffset.KIND] ?? 0;
}

/**
 * A market starts with one CREATE_MARKET and nothing else, and with another when the engine refused
 * that one; an epoch's close must end its group, so it comes alone.
 */
function checkAdministration(
  batch: CommandBatch,
  name: string,
  market: Market | undefined,
): Refusal | undefined {
  if (market === undefined) {
    const creates = batch.count === 1 && kindAt(batch, 0) === CommandKind.CREATE_MARKET;
    return creates ? undefined : refuse('UNKNOWN_MARKET', 0, name);
  }
  for (let index = 0; index < batch.count; index += 1) {
    const kind = kindAt(batch, index);
    if (kind === CommandKind.CREATE_MARKET && market.isCreated) {
      return refuse('MARKET_EXISTS', index, name);
    }
    if (kind === CommandKind.CLOSE_EPOCH && batch.count > 1) {
      return refuse('NOT_PERMITTED', index, 'close_epoch comes alone in its message');
    }
  }
  return undefined;
}
