/** Everything that a seed simulates, put together. */
import type { Dice } from '@foldbook/engine';
import {
  type Balance,
  EventOffset,
  isTermSubject,
  RECORD_BYTES,
  readCount,
  viewOf,
} from '@foldbook/protocol';
import { Coverage } from './coverage.ts';
import { Faults } from './faults.ts';
import type { Plant } from './plants.ts';
import { Reference, type ReferenceMarket } from './reference.ts';
import { Scheduler } from './scheduler.ts';
import { SimBroker } from './sim-broker.ts';
import type { Engines } from './sim-host.ts';
import type { KernelPool } from './sim-kernels.ts';
import { SimMachine } from './sim-machine.ts';
import { SimMirror } from './sim-mirror.ts';
import { SimNode } from './sim-node.ts';
import { SimOperator } from './sim-operator.ts';
import { type ClockFault, SimProcess } from './sim-process.ts';
import { SimTrader } from './sim-trader.ts';
import { checkOutcome, type ToldOutcome } from './told-outcome.ts';
import type { Trace } from './trace.ts';
import { optionsOf, type WorldOptions } from './world-options.ts';

/** An answer that a client got to what it had sent. */
export interface Answered {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly answer: Uint8Array;
}

export interface WorldParts {
  readonly dice: Dice;
  readonly kernels: KernelPool;
  readonly trace: Trace;
  readonly plant: Plant | undefined;
}

const MOST_VIOLATIONS = 10;

export class World {
  readonly dice: Dice;
  readonly kernels: KernelPool;
  readonly plant: Plant | undefined;
  readonly options: WorldOptions;
  readonly coverage = new Coverage();
  readonly scheduler: Scheduler;
  readonly reference: Reference;
  readonly broker: SimBroker;
  readonly nodes: readonly SimNode[];
  readonly traders: readonly SimTrader[];
  readonly mirrors: readonly SimMirror[];
  readonly operator: SimOperator;
  readonly answers: Answered[] = [];
  readonly violations: string[] = [];
  readonly outcomes: ToldOutcome[] = [];
  /** Nothing new is asked for, and nothing goes wrong any more. */
  isQuiet = false;
  hasAmbushes = true;
  /** A market said that what it had told is gone, and it was: there is nothing more to see. */
  lossSaid: string | undefined;
  readonly #trace: Trace;
  readonly #clocks = new Map<string, ClockFault>();

  constructor({ dice, kernels, trace, plant }: WorldParts) {
    this.dice = dice;
    this.kernels = kernels;
    this.plant = plant;
    this.#trace = trace;
    this.options = optionsOf(dice);
    this.scheduler = new Scheduler(
      dice,
      (atNs, owner, label) => trace.event(atNs, owner, label),
      (error, { owner, label }) => {
        const words = error instanceof Error ? error.stack : String(error);
        this.violation(`${owner?.name ?? 'world'} threw in "${label}": ${words}`);
      },
    );
    const { accounts, markets, network, disk } = this.options;
    const mayLose = disk.sync === 'interval';
    this.reference = new Reference(accounts, mayLose, (words) => this.violation(words));
    const { scheduler, coverage, reference } = this;
    const parts = { scheduler, dice, coverage, plant, network: { ...network }, disk };
    this.broker = new SimBroker({ ...parts, watcher: reference });
    this.nodes = nodesOf(this);
    this.operator = new SimOperator(this);
    this.mirrors = markets.map((market) => new SimMirror(this, market));
    this.traders = markets.flatMap((market) =>
      accounts.map((account) => new SimTrader(this, account, market)),
    );
  }

  start(): void {
    for (const node of this.nodes) node.start();
    this.operator.start();
    for (const trader of this.traders) trader.start();
    for (const mirror of this.mirrors) mirror.start();
    if (this.options.startsRough) this.goWrong();
    else this.broker.isCalm = true;
  }

  goWrong(): void {
    this.broker.isCalm = false;
    new Faults(this).start();
  }

  /** The node that serves, since last of those that believe so; any other if none does. */
  get owner(): SimNode {
    const [owner] = [...this.nodes].sort(
      (a, b) =>
        Number(b.isServing) - Number(a.isServing) ||
        b.servingSinceNs - a.servingSinceNs ||
        Number(b.isRunning) - Number(a.isRunning),
    );
    if (owner === undefined) throw new RangeError('a world has nodes');
    return owner;
  }

  /** From now on nothing goes wrong; what did is over. */
  calm(): void {
    this.isQuiet = true;
    this.broker.isCalm = true;
  }

  /** One node serves, and all others are ready to. */
  areNodesSettled(): boolean {
    const { owner } = this;
    return owner.isServing && this.nodes.every((node) => node === owner || node.isReady);
  }

  /** There is nothing more to happen. */
  end(): void {
    const standbys = this.nodes.filter((node) => node !== this.owner && node.isFollowing);
    this.coverage.add('standbys at the end', standbys.length);
    for (const node of this.nodes) node.end();
  }

  /** Whether the durable outputs have all that the log gives. */
  areOutputsWhole(): boolean {
    const stored = (stream: string) =>
      (this.broker.findStream(stream)?.records ?? [])
        .filter(({ subject }) => !isTermSubject(subject))
        .reduce((sum, { payload }) => sum + payload.byteLength / RECORD_BYTES - 1, 0);
    const { markets } = this.reference;
    const sum = (count: (market: ReferenceMarket) => number) =>
      markets.reduce((all, market) => all + count(market), 0);
    return (
      stored('RPT_0') >= sum(({ reportCount }) => reportCount) &&
      stored('DIFF_0') >= sum(({ diffCount }) => diffCount)
    );
  }

  /** Whether the traders that live have heard as far as their accounts were told. */
  haveAllHeard(): boolean {
    return this.traders.every(({ account, market, lives }) => {
      const last = this.reference.market(market)?.reports.get(account)?.at(-1);
      const life = lives.at(-1);
      if (last === undefined || life === undefined) return true;
      const told = readCount(viewOf(last), EventOffset.SEQUENCE);
      return told <= life.fromSequence || (life.events.at(-1)?.sequence ?? 0) >= told;
    });
  }

  /** Who has not come to rest, for people. */
  unrest(): string {
    const waiting = this.traders.filter(({ isIdle }) => !isIdle).map(({ name }) => name);
    const who = waiting.length === 0 ? 'no trader waits' : `${waiting.join(', ')} wait`;
    const nodes = this.nodes.map((node) => {
      const does = node.isServing ? 'serves' : node.isReady ? 'waits' : 'is not ready';
      return `${node.name} ${does}`;
    });
    return `${who}, ${nodes.join(', ')}`;
  }

  anyTrader(): SimTrader {
    const trader = this.traders[this.dice.below(this.traders.length)];
    if (trader === undefined) throw new RangeError('a world has traders');
    return trader;
  }

  /** @param machine - whose clock it has */
  newProcess(name: string, machine: string): SimProcess {
    const { scheduler, dice, options } = this;
    const known = this.#clocks.get(machine);
    const around = (most: number) => (most === 0 ? 0 : dice.below(2 * most) - most);
    const clock = known ?? {
      offsetNs: around(options.clockOffsetNs),
      driftPpm: around(options.clockDriftPpm),
    };
    this.#clocks.set(machine, clock);
    return new SimProcess({ name, scheduler, dice, clock, turnNs: options.turnNs });
  }

  /** There is nothing more to learn from it. */
  get isOver(): boolean {
    return this.violations.length > 0 || this.lossSaid !== undefined;
  }

  violation(words: string): void {
    this.#trace.note(this.scheduler.nowNs, `VIOLATION ${words}`);
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(words);
  }

  note(words: string): void {
    this.#trace.note(this.scheduler.nowNs, words);
  }

  refusedAfterLoss(words: string): void {
    this.coverage.add('losses said at a start');
    this.note(words);
    // Outputs are written again from the log; a log can't be.
    if (this.reference.lostRecords > 0) this.lossSaid ??= words;
  }

  answered(subject: string, payload: Uint8Array, answer: Uint8Array): void {
    this.answers.push({ subject, payload, answer });
  }

  /** Engines stand between groups: where the reference stood then, they are its equals. */
  compareStates(process: string, engines: Engines): void {
    for (const [id, engine] of engines) {
      const market = this.reference.markets.find((each) => each.id === id);
      const sequence = Number(engine.sequence);
      if (sequence === 0) continue;
      const expected = market?.hashes.get(sequence);
      const found = engine.stateHash();
      if (found === expected) continue;
      const words = expected === undefined ? 'where no group ends' : `not ${hex(expected)}`;
      this.violation(
        `${process}: ${market?.name ?? 'a market'} at ${sequence} is ${hex(found)}, ${words}`,
      );
    }
  }

  /** What is said to have become of a request has, and stays so. */
  outcomeTold(told: ToldOutcome): void {
    if (this.reference.lostRecords > 0) return;
    this.coverage.add(`outcomes: ${told.outcome.outcome}`);
    this.outcomes.push(told);
    checkOutcome(this, told);
  }

  /** What an account was told that it has. */
  compareBalance(name: string, balance: Balance): void {
    const market = this.reference.market(name);
    if (market === undefined || market.sequence !== balance.sequence) return;
    this.coverage.add('balances compared');
    const expected = market.engine.balance(balance.account);
    const { baseAvailable, baseHeld, quoteAvailable, quoteHeld } = balance;
    const isSame =
      expected.baseAvailable === baseAvailable &&
      expected.baseHeld === baseHeld &&
      expected.quoteAvailable === quoteAvailable &&
      expected.quoteHeld === quoteHeld;
    if (!isSame) this.violation(`${name}: account ${balance.account} was told another balance`);
  }
}

function nodesOf(world: World): SimNode[] {
  const machines = new Map<string, SimMachine>();
  return world.options.machines.map((name, index) => {
    const machine = machines.get(name) ?? new SimMachine(name);
    machines.set(name, machine);
    return new SimNode(`market-${'abc'.charAt(index)}`, machine, world);
  });
}

const hex = (hash: bigint) => hash.toString(16).padStart(16, '0');
