/**
 * A market on its way from one host to another of the same process: its snapshot goes piece by
 * piece, one each time the host has done a round of its other markets. The sequencer's thread keeps
 * what comes for the market meanwhile (dispatcher.ts).
 *
 * What goes by the passage: pieces and an empty message, one way; TAKEN or NO_ROOM, the other way,
 * the latter as soon as it is known. The market stays whole where it was until it is taken, so that
 * it goes on there if the other host has no memory for it.
 */
import assert from 'node:assert/strict';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Engine } from '@foldbook/engine';

/** An engine whose memory can be given back, once the market goes on elsewhere. */
export interface MovableEngine extends Engine {
  /** Gives back some of it; false when nothing is left. The engine must not be used any more. */
  dismantle(orders: number): boolean;
}

/** A market that comes: chunks of its snapshot, then what is left to do. */
export interface Arrival {
  readonly isWhole: boolean;
  /** False when there is no memory for it: then only `drop` is left to do. */
  add(chunk: Uint8Array): boolean;
  step(orders: number): MovableEngine | undefined;
  /** Gives back some of what it took; false when nothing is left. */
  drop(orders: number): boolean;
}

/** Where the markets of a host live, by their numbers. */
export interface Home {
  addMarket(market: number): MovableEngine;
  adopt(market: number): Arrival;
}

/** One end of the way between two hosts, which every market takes that moves between them. */
export interface Passage {
  /** The bytes may be used again afterwards. */
  send(bytes: Uint8Array): void;
  receive(): Uint8Array | undefined;
}

/** Orders or accounts: some 100 us of work. */
const STEP = 1_000;

const END = new Uint8Array(0);
const TAKEN = Uint8Array.of(1);
const NO_ROOM = Uint8Array.of(0);

const isTaken = (answer: Uint8Array) => answer[0] === TAKEN[0];

/** A market that leaves. Nothing may be applied to it unless it stays after all. */
export class Leaving {
  readonly market: number;
  readonly #engine: MovableEngine;
  readonly #passage: Passage;
  readonly #chunks: Iterator<Uint8Array>;
  #state: 'writing' | 'written' | 'left' = 'writing';

  constructor(market: number, engine: MovableEngine, passage: Passage) {
    this.market = market;
    this.#engine = engine;
    this.#passage = passage;
    this.#chunks = engine.snapshot();
  }

  /**
   * Does a piece, or finds that the other host is not that far (`waiting`). Says when the other one
   * has taken the market (`left`), and when nothing is left of it here (`gone`); or that it stays,
   * which ends it as well.
   */
  step(): 'going' | 'waiting' | 'left' | 'gone' | 'stays' {
    if (this.#state === 'left') return this.#engine.dismantle(STEP) ? 'going' : 'gone';
    const answer = this.#passage.receive();
    if (answer !== undefined) return this.#answered(answer);
    if (this.#state === 'written') return 'waiting';
    const next = this.#chunks.next();
    if (next.done === true) this.#end();
    else this.#passage.send(next.value);
    return 'going';
  }

  #answered(answer: Uint8Array): 'left' | 'stays' {
    if (isTaken(answer)) {
      this.#state = 'left';
      return 'left';
    }
    if (this.#state === 'writing') this.#end();
    return 'stays';
  }

  #end(): void {
    this.#state = 'written';
    this.#passage.send(END);
  }
}

/** A market that writes a snapshot of itself, and does nothing else meanwhile. */
export class Writing {
  readonly #passage: Passage;
  readonly #chunks: Iterator<Uint8Array>;

  constructor(engine: Engine, passage: Passage) {
    this.#passage = passage;
    this.#chunks = engine.snapshot();
  }

  /** Does a piece; false when it was the last one. */
  step(): boolean {
    const next = this.#chunks.next();
    this.#passage.send(next.done === true ? END : next.value);
    return next.done !== true;
  }
}

/** A market that comes. */
export class Coming {
  readonly market: number;
  readonly #arrival: Arrival;
  readonly #passage: Passage;
  /** Nothing is on the passage any more. */
  #isAllThere = false;
  /** There was no memory for it, and the other host knows. */
  #isRefused = false;
  /** Nothing is left of what came before. */
  #isDropped = false;

  constructor(market: number, arrival: Arrival, passage: Passage) {
    this.market = market;
    this.#arrival = arrival;
    this.#passage = passage;
  }

  /**
   * Does a piece, or finds that there is none yet (`waiting`); the market's engine when it is
   * there, or `refused` when nothing is left of one that there was no memory for.
   */
  step(): MovableEngine | 'going' | 'waiting' | 'refused' {
    if (!this.#isAllThere) {
      const chunk = this.#passage.receive();
      if (chunk !== undefined) {
        this.#take(chunk);
        return 'going';
      }
      if (!this.#isRefused || this.#isDropped) return 'waiting';
    }
    if (this.#isRefused) {
      this.#isDropped = !this.#arrival.drop(STEP);
      return this.#isDropped && this.#isAllThere ? 'refused' : 'going';
    }
    const engine = this.#arrival.step(STEP);
    if (engine === undefined) return 'going';
    this.#passage.send(TAKEN);
    return engine;
  }

  #take(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) {
      assert(this.#isRefused || this.#arrival.isWhole, 'a snapshot ends without its END');
      this.#isAllThere = true;
    } else if (!this.#isRefused && !this.#arrival.add(chunk)) {
      this.#isRefused = true;
      this.#passage.send(NO_ROOM);
    }
  }
}

/** One end of a passage between two threads. */
export function passageOver(port: MessagePort): Passage {
  return {
    send: (bytes) => port.postMessage(bytes),
    receive: () => receiveMessageOnPort(port)?.message as Uint8Array | undefined,
  };
}

/** A host's passages, by the number of the host at their other end. */
export class Passages {
  readonly #passages = new Map<number, Passage>();

  add(host: number, passage: Passage): void {
    assert(!this.#passages.has(host), `there is a passage to host ${host} already`);
    this.#passages.set(host, passage);
  }

  to(host: number): Passage {
    const passage = this.#passages.get(host);
    assert(passage !== undefined, `there is no passage to host ${host}`);
    return passage;
  }
}
