/**
 * A market on its way from one host to another of the same process: its snapshot goes piece by
 * piece, one each time the host has done a round of its other markets. The sequencer's thread keeps
 * what comes for the market meanwhile (dispatcher.ts).
 */
import assert from 'node:assert/strict';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Engine } from '@foldbook/engine';

/** An engine whose memory can be given back, once the market goes on elsewhere. */
export interface MovableEngine extends Engine {
  /** Gives back some of it; false when nothing is left. The engine must not be used any more. */
  dismantle(steps: number): boolean;
}

/** A market that comes: chunks of its snapshot, then what is left to do. */
export interface Arrival {
  readonly isWhole: boolean;
  add(chunk: Uint8Array): void;
  step(orders: number): MovableEngine | undefined;
}

/** Where the markets of a host live. */
export interface Home {
  addMarket(): MovableEngine;
  adopt(): Arrival;
}

/** The way between two hosts. */
export interface Passage {
  /** The chunk may be used again afterwards. */
  send(chunk: Uint8Array): void;
  receive(): Uint8Array | undefined;
  close(): void;
}

/** Orders or blocks of accounts: some 100 us of work. */
const STEP = 1_000;

/** A market that leaves. Nothing may be applied to it any more. */
export class Leaving {
  readonly market: number;
  readonly #engine: MovableEngine;
  readonly #passage: Passage;
  readonly #chunks: Iterator<Uint8Array>;
  #isWritten = false;

  constructor(market: number, engine: MovableEngine, passage: Passage) {
    this.market = market;
    this.#engine = engine;
    this.#passage = passage;
    this.#chunks = engine.snapshot();
  }

  /** Does a piece; says when all is on its way, and when there is nothing left to do. */
  step(): 'going' | 'sent' | 'gone' {
    if (this.#isWritten) return this.#engine.dismantle(STEP) ? 'going' : 'gone';
    const next = this.#chunks.next();
    if (next.done !== true) {
      this.#passage.send(next.value);
      return 'going';
    }
    this.#isWritten = true;
    this.#passage.close();
    return 'sent';
  }
}

/** A market that comes. */
export class Coming {
  readonly market: number;
  readonly #arrival: Arrival;
  readonly #passage: Passage;

  constructor(market: number, arrival: Arrival, passage: Passage) {
    this.market = market;
    this.#arrival = arrival;
    this.#passage = passage;
  }

  /** Does a piece, if there is one; the market's engine when it is there. */
  step(): MovableEngine | undefined {
    if (!this.#arrival.isWhole) {
      const chunk = this.#passage.receive();
      if (chunk !== undefined) this.#arrival.add(chunk);
      return undefined;
    }
    const engine = this.#arrival.step(STEP);
    if (engine !== undefined) this.#passage.close();
    return engine;
  }
}

/** One end of a passage between two threads. */
export function passageOver(port: MessagePort): Passage {
  return {
    send: (chunk) => port.postMessage(chunk),
    receive: () => receiveMessageOnPort(port)?.message as Uint8Array | undefined,
    close: () => port.close(),
  };
}

/** Passages that are known by a number until they are taken. */
export class Passages {
  readonly #waiting = new Map<bigint, Passage>();

  add(token: bigint, passage: Passage): void {
    this.#waiting.set(token, passage);
  }

  take(token: bigint): Passage {
    const passage = this.#waiting.get(token);
    assert(passage !== undefined, `there is no passage ${token}`);
    this.#waiting.delete(token);
    return passage;
  }
}
