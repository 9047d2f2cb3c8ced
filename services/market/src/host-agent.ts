/**
 * A host of actors: takes what is committed off the command ring into the mailboxes of its markets,
 * and lets one market after the other work, none longer than a cycle allows while others wait.
 */
import assert from 'node:assert/strict';
import { BATCH_FIRST_BYTE, BatchOffset, RECORD_BYTES } from '@foldbook/protocol';
import type { Agent, RingConsumer } from '@foldbook/runtime';
import { HostedMarket } from './hosted-market.ts';
import type { ThreadMetrics } from './market-metrics.ts';
import {
  Coming,
  type Home,
  Leaving,
  type MovableEngine,
  type Passage,
  Writing,
} from './market-move.ts';
import { ControlKind, ControlOffset } from './ring-message.ts';
import type { RingOutput } from './ring-output.ts';

/** What one market may do before the next one has its turn; at least one message. */
export interface CycleLimits {
  readonly records: number;
  readonly timeNs: number;
}

export interface HostAgentParts {
  readonly commands: RingConsumer;
  readonly output: RingOutput;
  readonly home: Home;
  readonly metrics: ThreadMetrics;
  readonly cycle: CycleLimits;
  /**
   * After so long no further market has its turn in this pass, ns: where the thread has other work.
   * Absent: each that is ready has one.
   */
  readonly passNs?: number;
  /** The way that a market comes or goes by, from or to another host. */
  readonly passage: (host: number) => Passage;
  /** Lets others of its core run: the host that it waits for may be one of them. */
  readonly yieldCore: () => void;
}

interface Actor {
  readonly market: HostedMarket;
  readonly engine: MovableEngine;
  /** Whether it stands among those that have something to do. */
  isReady: boolean;
}

export class HostAgent implements Agent {
  readonly roleName = 'host';
  readonly #commands: RingConsumer;
  readonly #slots: DataView;
  readonly #output: RingOutput;
  readonly #home: Home;
  readonly #metrics: ThreadMetrics;
  readonly #cycle: CycleLimits;
  readonly #passNs: number;
  readonly #passage: (host: number) => Passage;
  readonly #yieldCore: () => void;
  readonly #actors = new Map<number, Actor>();
  /** Those with something in their mailboxes, the next one first. */
  #ready: Actor[] = [];
  #nextReady: Actor[] = [];
  readonly #leaving = new Map<Leaving, MovableEngine>();
  #coming: Coming | undefined;
  /** A snapshot that is being written, of a market that waits for it. */
  #writing: { readonly actor: Actor; readonly snapshot: Writing } | undefined;

  constructor(parts: HostAgentParts) {
    this.#commands = parts.commands;
    const { bytes } = parts.commands.view();
    this.#slots = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#output = parts.output;
    this.#home = parts.home;
    this.#metrics = parts.metrics;
    this.#cycle = parts.cycle;
    this.#passNs = parts.passNs ?? Number.POSITIVE_INFINITY;
    this.#passage = parts.passage;
    this.#yieldCore = parts.yieldCore;
  }

  /** Turns of the markets that have something to do; returns the records that were handled. */
  doWork(): number {
    let work = this.#sort();
    const turn = this.#ready;
    this.#ready = this.#nextReady;
    this.#nextReady = turn;
    const endNs = this.#metrics.nowNs() + this.#passNs;
    let turns = 0;
    for (const actor of turn) {
      // Those left over stand before all others in the next pass.
      if (turns > 0 && this.#metrics.nowNs() >= endNs) break;
      turns += 1;
      work += this.#run(actor);
      // What came meanwhile may be for one that is idle: it stands before this one, which had its
      // turn, so that it waits for the rest of one turn of each, and for no second one.
      work += this.#sort();
      this.#line(actor);
    }
    if (turns < turn.length) this.#ready = [...turn.slice(turns), ...this.#ready];
    turn.length = 0;
    return this.#move(work);
  }

  /** Puts what is in the ring into the mailboxes; returns the records that were not for them. */
  #sort(): number {
    let other = 0;
    const slots = this.#commands.view();
    for (let available = this.#commands.available(); available > 0; ) {
      const at = slots.offsetOf(0);
      const kind = this.#slots.getUint8(at);
      if (kind === ControlKind.MOVE_IN) {
        this.#come(at);
        this.#commands.release(1);
        available -= 1;
        other += 1;
        continue;
      }
      const isGroup = kind === BATCH_FIRST_BYTE;
      const market = this.#slots.getUint32(
        at + (isGroup ? BatchOffset.MARKET : ControlOffset.MARKET),
        true,
      );
      const records = isGroup ? 1 + this.#slots.getUint32(at + BatchOffset.COUNT, true) : 1;
      assert(available >= records, 'a message is published whole');
      const actor = this.#actors.get(market) ?? this.#add(market, this.#home.addMarket(market));
      actor.market.mailbox.take(this.#commands, records);
      if (!actor.isReady) {
        actor.isReady = true;
        this.#ready.push(actor);
      }
      available = this.#commands.available();
    }
    return other;
  }

  #add(market: number, engine: MovableEngine): Actor {
    const hosted = new HostedMarket(market, engine, this.#output, this.#metrics);
    const actor = { market: hosted, engine, isReady: false };
    this.#actors.set(market, actor);
    return actor;
  }

  #run(actor: Actor): number {
    const { market } = actor;
    const { mailbox } = market;
    const { nowNs } = this.#metrics;
    const endNs = nowNs() + this.#cycle.timeNs;
    let records = 0;
    let stop: ((actor: Actor) => void) | undefined;
    market.startTurn();
    do {
      stop = this.#stopOf(market.nextKind);
      if (stop !== undefined) break;
      records += market.runNext();
    } while (!mailbox.isEmpty && records < this.#cycle.records && nowNs() < endNs);
    market.endTurn();
    if (stop === undefined) return records;
    stop(actor);
    return records + 1;
  }

  /** What ends a turn, as it is for the host to do. */
  #stopOf(kind: number): ((actor: Actor) => void) | undefined {
    if (kind === ControlKind.MOVE_OUT) return (actor) => this.#leave(actor);
    if (kind === ControlKind.SNAPSHOT) return (actor) => this.#write(actor);
    return undefined;
  }

  /** Behind the others, if there is more for it to do. */
  #line(actor: Actor): void {
    // What comes for one that waits for its snapshot does not make it ready.
    if (this.#writing?.actor === actor) return;
    const { mailbox, id } = actor.market;
    actor.isReady = !mailbox.isEmpty && this.#actors.get(id) === actor;
    if (actor.isReady) this.#ready.push(actor);
  }

  #write(actor: Actor): void {
    assert(this.#writing === undefined, 'one snapshot is written at a time');
    const { mailbox, id } = actor.market;
    const to = mailbox.view.getUint32(mailbox.head * RECORD_BYTES + ControlOffset.HOST, true);
    mailbox.drop(1);
    this.#tell(ControlKind.SNAPSHOT_BEGUN, id);
    this.#writing = { actor, snapshot: new Writing(actor.engine, this.#passage(to)) };
  }

  #goOnWriting(): number {
    if (this.#writing === undefined) return 0;
    const { actor, snapshot } = this.#writing;
    if (snapshot.step()) return 1;
    this.#writing = undefined;
    this.#line(actor);
    return 1;
  }

  #leave({ market, engine }: Actor): void {
    const { mailbox, id } = market;
    const to = mailbox.view.getUint32(mailbox.head * RECORD_BYTES + ControlOffset.HOST, true);
    mailbox.drop(1);
    assert(mailbox.isEmpty, 'nothing comes for a market that leaves');
    this.#actors.delete(id);
    this.#metrics.forget(id);
    this.#leaving.set(new Leaving(id, engine, this.#passage(to)), engine);
  }

  #come(at: number): void {
    assert(this.#coming === undefined, 'one market comes at a time');
    const market = this.#slots.getUint32(at + ControlOffset.MARKET, true);
    const passage = this.#passage(this.#slots.getUint32(at + ControlOffset.HOST, true));
    this.#coming = new Coming(market, this.#home.adopt(market), passage);
  }

  /** A piece of each market that is on its way; it does not rest while there is one. */
  #move(others: number): number {
    const isQuiet = this.#leaving.size === 0 && this.#coming === undefined;
    if (isQuiet && this.#writing === undefined) return others;
    let work = others + this.#goOnWriting();
    for (const [leaving, engine] of this.#leaving) work += this.#takeLeave(leaving, engine);
    work += this.#welcome();
    if (work === 0) this.#yieldCore();
    return Math.max(work, 1);
  }

  #takeLeave(leaving: Leaving, engine: MovableEngine): number {
    const { market } = leaving;
    const state = leaving.step();
    switch (state) {
      case 'waiting':
        return 0;
      case 'going':
        break;
      case 'left':
        this.#tell(ControlKind.MOVED_OUT, market);
        break;
      case 'gone':
        this.#leaving.delete(leaving);
        break;
      case 'stays':
        this.#leaving.delete(leaving);
        this.#add(market, engine);
        this.#tell(ControlKind.MOVE_OFF, market);
        break;
      default: {
        const unknown: never = state;
        assert.fail(`a market that leaves is ${unknown}`);
      }
    }
    return 1;
  }

  #welcome(): number {
    const coming = this.#coming;
    if (coming === undefined) return 0;
    const engine = coming.step();
    if (engine === 'waiting') return 0;
    if (engine === 'going') return 1;
    this.#coming = undefined;
    if (engine !== 'refused') this.#add(coming.market, engine);
    const kind = engine === 'refused' ? ControlKind.MOVE_OFF : ControlKind.MOVED_IN;
    this.#tell(kind, coming.market);
    return 1;
  }

  #tell(kind: number, market: number): void {
    const record = this.#output.blank();
    record.setUint8(ControlOffset.KIND, kind);
    record.setUint32(ControlOffset.MARKET, market, true);
    this.#output.sendBlank();
    this.#output.publish();
  }
}
