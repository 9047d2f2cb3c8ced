/**
 * A host by itself, driven from the same thread, for `foldbook check gc`: what its groups and
 * commands leave to the garbage collector, and when that runs. A process, as V8's flags belong to
 * one.
 */
import assert from 'node:assert/strict';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { KernelHost, loadKernel, RESULT_CAPACITY, warmUpKernel } from '@foldbook/engine';
import {
  Asset,
  BatchKind,
  type Command,
  CommandKind,
  CommandOffset,
  RECORD_BYTES,
  Side,
  TimeInForce,
  viewOf,
  writeBatchHeader,
  writeCommand,
} from '@foldbook/protocol';
import { answerQuestions, createRing, RingConsumer, RingProducer } from '@foldbook/runtime';
import { HostAgent } from '../host-agent.ts';
import { TouchingAgent } from '../host-comfort.ts';
import { openMetrics, ThreadMetrics } from '../market-metrics.ts';
import { COMMAND_RING_SLOTS, EVENT_RING_SLOTS } from '../ring-message.ts';
import { RingOutput } from '../ring-output.ts';
import type {
  Allocated,
  AllocatedAsk,
  Collected,
  CollectedAsk,
  GcQuestions,
} from './gc-messages.ts';

const MARKET = 1;
const ACCOUNTS = 64;
const FIRST_ACCOUNT = 2;
const FUNDS = 2n ** 50n;
const PRICE = 10_000n;
const RECORD_WORDS = RECORD_BYTES >> 2;
const REQUEST_WORD = CommandOffset.REQUEST_ID >> 2;
const CLIENT_ORDER_WORD = CommandOffset.CLIENT_ORDER_ID >> 2;
const WARM_UP = 100_000;
const WARM_UP_ROUNDS = 5;

/** One group that can be sent again and again: pairs that trade, whatever their numbers are. */
class Group {
  readonly payload: Uint8Array;
  readonly commands: number;
  readonly #words: Int32Array;

  constructor(commands: number) {
    this.commands = commands;
    this.payload = new Uint8Array((commands + 1) * RECORD_BYTES);
    this.#words = new Int32Array(this.payload.buffer);
    const view = viewOf(this.payload);
    writeBatchHeader(view, 0, {
      kind: BatchKind.GROUP,
      market: MARKET,
      count: commands,
      timeNs: 1n,
    });
    for (let index = 0; index < commands; index += 1) {
      const isSell = index % 2 === 0;
      const command = {
        kind: CommandKind.NEW,
        session: 1,
        requestId: 1n,
        clientOrderId: 1n,
        side: isSell ? Side.SELL : Side.BUY,
        timeInForce: TimeInForce.GTC,
        price: PRICE,
        quantity: 1n,
      } as const;
      // Neighbours trade; nobody trades with itself.
      const account = FIRST_ACCOUNT + (index % ACCOUNTS);
      writeCommand(view, (index + 1) * RECORD_BYTES, command, account);
    }
  }

  /** Gives its commands names from `first` on; returns the next. */
  name(first: number): number {
    for (let index = 0; index < this.commands; index += 1) {
      const at = (index + 1) * RECORD_WORDS;
      this.#words[at + REQUEST_WORD] = first + index;
      this.#words[at + CLIENT_ORDER_WORD] = first + index;
    }
    return first + this.commands;
  }
}

/** The host as its thread has it, and what stands at the other ends of its rings. */
class DrivenHost {
  readonly #input: RingProducer;
  readonly #output: RingConsumer;
  readonly #agent: TouchingAgent;
  #next = 1;

  constructor(kernel: WebAssembly.Module) {
    const commands = createRing(COMMAND_RING_SLOTS);
    const events = createRing(EVENT_RING_SLOTS);
    const host = new KernelHost(kernel);
    this.#input = new RingProducer(commands);
    this.#output = new RingConsumer(events);
    const agent = new HostAgent({
      commands: new RingConsumer(commands),
      output: new RingOutput(new RingProducer(events), () => assert.fail('the ring is full')),
      home: {
        addMarket: () => host.addMarket({ resultCapacity: RESULT_CAPACITY }),
        adopt: () => assert.fail('none comes'),
      },
      metrics: new ThreadMetrics(openMetrics(undefined, 1, 0).buffer, 0),
      cycle: { records: 4_096, timeNs: 500_000 },
      yieldCore: () => undefined,
      passage: () => assert.fail('none comes'),
    });
    this.#agent = new TouchingAgent(agent, host);
    this.#setUp();
  }

  /** Sends a group as it is, and takes its events away. */
  run({ payload, commands }: Pick<Group, 'payload' | 'commands'>): void {
    assert(this.#input.offer(payload, commands + 1), 'the ring is empty before');
    this.#input.publish();
    this.#agent.doWork();
    for (let count = this.#output.available(); count > 0; count = this.#output.available()) {
      this.#output.release(count);
    }
  }

  /** As often, with names of its own each time. */
  runNamed(group: Group, times: number): void {
    for (let time = 0; time < times; time += 1) {
      this.#next = group.name(this.#next);
      this.run(group);
    }
  }

  #setUp(): void {
    const head = () => ({ session: 1, requestId: BigInt(requestId++) });
    let requestId = 1;
    const commands: Command[] = [
      { kind: CommandKind.CREATE_MARKET, ...head(), makerFeePpm: 0, takerFeePpm: 0 },
    ];
    for (let account = FIRST_ACCOUNT; account < FIRST_ACCOUNT + ACCOUNTS; account += 1) {
      for (const asset of [Asset.BASE, Asset.QUOTE]) {
        commands.push({ kind: CommandKind.DEPOSIT, ...head(), account, asset, amount: FUNDS });
      }
    }
    const payload = new Uint8Array((commands.length + 1) * RECORD_BYTES);
    const view = viewOf(payload);
    const count = commands.length;
    writeBatchHeader(view, 0, { kind: BatchKind.GROUP, market: MARKET, count, timeNs: 1n });
    for (const [index, command] of commands.entries()) {
      writeCommand(view, (index + 1) * RECORD_BYTES, command, 0);
    }
    this.run({ payload, commands: count });
  }
}

const kernel = await loadKernel();
warmUpKernel(kernel);
const host = new DrivenHost(kernel);
const collections: { readonly startMs: number; readonly tookMs: number }[] = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) {
    collections.push({ startMs: startTime, tookMs: duration });
  }
}).observe({ entryTypes: ['gc'] });

/** With a young generation that holds all of it: nothing is collected meanwhile. */
function allocated({ commands, groups }: AllocatedAsk): Allocated {
  const group = new Group(commands);
  // Compiled first, and every account has its place in what is shown.
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) host.runNamed(group, groups);
  globalThis.gc?.();
  const before = getHeapStatistics().used_heap_size;
  const unmeasured = getHeapStatistics().used_heap_size - before;
  host.runNamed(group, groups);
  const bytes = getHeapStatistics().used_heap_size - before - unmeasured;
  return { bytesPerGroup: bytes / groups };
}

/** With the young generation as it is by default. */
async function collected({ commands, size }: CollectedAsk): Promise<Collected> {
  const group = new Group(size);
  host.runNamed(group, Math.ceil(WARM_UP / size));
  await settled();
  collections.length = 0;
  const startMs = performance.now();
  // In one go, as a host's thread never comes back to its event loop, where V8 likes to collect.
  const times = Math.ceil(commands / size);
  host.runNamed(group, times);
  const endMs = performance.now();
  await settled();
  const found = collections
    .filter(({ startMs: at }) => at >= startMs && at <= endMs)
    .map((each) => each.tookMs);
  const tookMs = endMs - startMs;
  const totalMs = found.reduce((sum, ms) => sum + ms, 0);
  const longestMs = Math.max(0, ...found);
  return { commands: times * size, tookMs, collections: found.length, longestMs, totalMs };
}

/** Collections are told of some turns later. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
}

answerQuestions<GcQuestions>({
  allocated: async (asked) => allocated(asked),
  collected,
});
