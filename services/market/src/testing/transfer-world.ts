/**
 * Two partitions in one thread, whose owners die and whose messages are lost, late and doubled as
 * the dice say: the sequencer, the publisher and the transfer outbox of each, naive engines, logs
 * that survive, and everything else forgotten with its owner.
 */
import assert from 'node:assert/strict';
import { createNaiveEngine, type Dice, type Engine } from '@foldbook/engine';
import {
  Asset,
  BatchOffset,
  type Command,
  CommandKind,
  decodeMessage,
  RECORD_BYTES,
  viewOf,
} from '@foldbook/protocol';
import { createLogger, type Transport, TransportError } from '@foldbook/runtime';
import { ManualTimers } from '@foldbook/runtime/testing';
import type { MarketTransfers } from '../market-transfers.ts';
import { encodeArrived } from '../transfer-answers.ts';
import { TransferOutbox } from '../transfer-outbox.ts';
import { MemoryWriter, Pipeline } from './pipeline.ts';

/** Two on each partition. */
export const MARKETS = [
  ['A', 'B'],
  ['C', 'D'],
] as const;
/** Who pays, of each market. */
export const PAYER = 7;
export const FUNDS = 1_000_000n;
/** Nobody's: a deposit for it is refused. */
export const NOBODY = 1;

interface Message {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly answer: (payload: Uint8Array) => void;
}

interface Owner {
  readonly pipeline: Pipeline;
  readonly outbox: TransferOutbox;
  /** Answers that senders wait for, by their reply subjects. */
  readonly asked: Map<string, (payload: Uint8Array) => void>;
}

export class TransferWorld {
  readonly timers = new ManualTimers();
  readonly #dice: Dice;
  readonly #logs = MARKETS.map((_, partition) => new MemoryWriter(`LOG_${partition}`));
  /** Undefined while it is down. */
  readonly #owners: (Owner | undefined)[] = [undefined, undefined];
  #network: Message[] = [];
  #requestId = 0n;
  #replies = 0;
  crashes = 0;
  lost = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  get isQuiet(): boolean {
    return (
      this.#network.length === 0 && this.#all().every((own) => own.save().outgoing.length === 0)
    );
  }

  async open(): Promise<void> {
    for (const [partition, names] of MARKETS.entries()) {
      await this.start(partition);
      for (const name of names) {
        const created = { makerFeePpm: 0, takerFeePpm: 0 };
        await this.command(name, {
          kind: CommandKind.CREATE_MARKET,
          ...this.#request(),
          ...created,
        });
        const funds = { account: PAYER, asset: Asset.QUOTE, amount: FUNDS };
        await this.command(name, { kind: CommandKind.DEPOSIT, ...this.#request(), ...funds });
      }
      await this.#owners[partition]?.pipeline.settle();
    }
  }

  /** A new owner, who knows what the log says. */
  async start(partition: number): Promise<void> {
    const log = this.#logs[partition];
    assert(log !== undefined && this.#owners[partition] === undefined);
    const asked = new Map<string, (payload: Uint8Array) => void>();
    const pipeline = new Pipeline({
      log,
      live: false,
      onSent: ({ subject, payload }) => asked.get(subject)?.(payload),
    });
    const outbox = new TransferOutbox({
      partition,
      transport: this.#transport(),
      sequencer: pipeline.sequencer,
      logger: createLogger({ service: 'test', level: 'error' }),
      timers: this.timers,
      wake: () => undefined,
    });
    for (const [index, { subject, payload }] of [...log.records].entries()) {
      const name = subject.split('.')[2] ?? '';
      this.#market({ pipeline, outbox }, name);
      pipeline.sequencer.replay(pipeline.market(name), payload, index + 1);
    }
    await pipeline.settle();
    pipeline.publisher.goLive();
    this.#owners[partition] = { pipeline, outbox, asked };
  }

  crash(partition: number): void {
    if (this.#owners[partition] === undefined) return;
    this.crashes += 1;
    this.#owners[partition] = undefined;
  }

  /** An operator's command; false where nobody is there to take it. */
  async command(name: string, command: Command): Promise<boolean> {
    const owner = this.#owners[partitionOf(name)];
    if (owner === undefined) return false;
    this.#market(owner, name);
    return owner.pipeline.submit(name, 0, [command]) === 'ADMITTED';
  }

  transfer(from: string, to: string, toAccount: number, amount: bigint): Promise<boolean> {
    const funds = { account: PAYER, asset: Asset.QUOTE, amount };
    const there = { toMarket: to, toAccount, toAsset: Asset.QUOTE };
    return this.command(from, {
      kind: CommandKind.WITHDRAW,
      ...this.#request(),
      ...funds,
      ...there,
    });
  }

  /** Something happens. `isCalm`: nothing bad does. */
  async step(isCalm: boolean): Promise<void> {
    const dice = this.#dice;
    const partition = dice.below(2);
    if (this.#owners[partition] === undefined) {
      if (isCalm || dice.oneIn(6)) await this.start(partition);
    } else if (!isCalm && dice.oneIn(60)) this.crash(partition);
    else if (dice.oneIn(2)) this.#deliver(isCalm);
    else this.#turn(partition);
    // Now and then so long that nobody waits for an answer any more.
    const mostMs = !isCalm && dice.oneIn(40) ? 3_000 : 20;
    if (dice.oneIn(3)) await this.timers.advance(dice.below(mostMs));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** The markets as their logs have them, executed anew. */
  engines(): ReadonlyMap<string, Engine> {
    const engines = new Map<string, Engine>();
    for (const log of this.#logs) {
      for (const { subject, payload } of log.records) {
        const name = subject.split('.')[2] ?? '';
        const engine = engines.get(name) ?? createNaiveEngine();
        engines.set(name, engine);
        const view = viewOf(payload);
        const count = view.getUint32(BatchOffset.COUNT, true);
        const timeNs = view.getBigInt64(BatchOffset.TIME_NS, true);
        engine.apply(payload.subarray(RECORD_BYTES), count, timeNs, () => undefined);
      }
    }
    return engines;
  }

  transfersOf(name: string): MarketTransfers {
    const transfers = this.#owners[partitionOf(name)]?.pipeline.market(name).transfers;
    assert(transfers !== undefined, `${name} is down`);
    return transfers;
  }

  #all(): MarketTransfers[] {
    if (this.#owners.includes(undefined)) return [];
    return MARKETS.flat().map((name) => this.transfersOf(name));
  }

  #request() {
    this.#requestId += 1n;
    return { session: 0, requestId: this.#requestId };
  }

  /** The outbox knows a market before it has a group. */
  #market({ pipeline, outbox }: Pick<Owner, 'pipeline' | 'outbox'>, name: string): void {
    if (pipeline.markets.byName(name) === undefined) outbox.watch(pipeline.market(name));
  }

  #turn(partition: number): void {
    const owner = this.#owners[partition];
    owner?.pipeline.turn();
    owner?.outbox.doWork();
  }

  /** One of the messages comes, is lost, or comes now and once more. */
  #deliver(isCalm: boolean): void {
    const { length } = this.#network;
    if (length === 0) return;
    const [message] = this.#network.splice(this.#dice.below(length), 1);
    assert(message !== undefined);
    if (!isCalm && this.#dice.oneIn(5)) {
      this.lost += 1;
      return;
    }
    if (!isCalm && this.#dice.oneIn(5)) this.#network.push(message);
    this.#handle(message);
  }

  #handle({ subject, payload, answer }: Message): void {
    if (subject === 'answer') {
      answer(payload);
      return;
    }
    const [kind, name = ''] = subject.split('.');
    const owner = this.#owners[partitionOf(name)];
    if (owner === undefined) return;
    const { pipeline, asked } = owner;
    // What is answered has to find its way back, too.
    const answerLater = (bytes: Uint8Array) =>
      this.#network.push({ subject: 'answer', payload: bytes, answer });
    if (kind === 'qry') {
      const partition = MARKETS.findIndex((_, index) => payload.at(-1) === index);
      answerLater(encodeArrived(pipeline.market(name), partition));
    } else {
      const batch = decodeMessage(payload, 'operator', 0);
      assert(batch.ok);
      this.#replies += 1;
      const replySubject = `_INBOX.${this.#replies}`;
      asked.set(replySubject, answerLater);
      const asker = {
        encoding: 'binary',
        replySubject,
        account: 0,
        whenReceived: false,
        wantsReceipt: false,
      } as const;
      pipeline.sequencer.submit(pipeline.market(name), batch.value, 0, asker);
    }
  }

  #transport(): Transport {
    const none = () => assert.fail('the outbox only sends requests');
    return {
      ...{ description: 'test', dropped: 0, status: () => 'connected' as const },
      ...{ publish: none, subscribe: none, newInbox: none, flush: none },
      onStatus: () => () => undefined,
      close: async () => undefined,
      request: (subject, payload, timeoutMs) => {
        const answer = Promise.withResolvers<Uint8Array>();
        this.#network.push({ subject, payload, answer: answer.resolve });
        const late = new TransportError('TIMEOUT', `no answer on ${subject}`);
        this.timers.after(timeoutMs, () => answer.reject(late));
        return answer.promise;
      },
    };
  }
}

const partitionOf = (name: string) =>
  MARKETS.findIndex((names) => names.some((own) => own === name));
