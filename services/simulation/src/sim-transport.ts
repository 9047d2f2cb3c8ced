/** A process's line to the broker: the transport port, over a network that goes wrong. */
import {
  cancelTimer,
  checkFilter,
  checkSubject,
  compileFilter,
  type MessageHandler,
  type Subscription,
  type Transport,
  TransportError,
  type TransportMessage,
  type TransportStatus,
} from '@foldbook/runtime';
import type { SimBroker } from './sim-broker.ts';
import type { SimProcess } from './sim-process.ts';

interface Heard {
  readonly filter: string;
  readonly matches: (subject: string) => boolean;
  readonly handler: MessageHandler;
  /** The broker knows of it. */
  isKnown: boolean;
  isLive: boolean;
}

type StatusListener = (status: TransportStatus, detail: string) => void;
/** Told of the answers that requests got. */
export type OnAnswered = (subject: string, payload: Uint8Array, answer: Uint8Array) => void;

/** So long after a line broke its end is noticed, at most. */
const NOTICE_NS = 30e6;

export class SimTransport implements Transport {
  readonly description = 'simulated';
  readonly process: SimProcess;
  readonly #broker: SimBroker;
  #heard: Heard[] = [];
  readonly #listeners = new Set<StatusListener>();
  readonly #whenConnected = new Set<() => void>();
  #status: TransportStatus = 'connected';
  /** Counts the line's breaks; undefined while it is broken. */
  #line: number | undefined = 0;
  #breaks = 0;
  #isCut = false;
  #upAtNs = 0;
  #downAtNs = 0;
  #dropped = 0;
  onAnswered: OnAnswered = () => undefined;

  constructor(process: SimProcess, broker: SimBroker) {
    this.process = process;
    this.#broker = broker;
  }

  get dropped(): number {
    return this.#dropped;
  }

  status(): TransportStatus {
    return this.#status;
  }

  onStatus(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  newInbox(): string {
    return this.#broker.newInbox(this.process.name);
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    checkSubject(subject);
    if (this.#status !== 'connected') this.#dropped += 1;
    else this.toBroker(`publish ${subject}`, () => this.#broker.route(subject, payload, reply));
  }

  subscribe(filter: string, handler: MessageHandler): Subscription {
    checkFilter(filter);
    if (this.#status === 'closed') throw closed();
    const matches = compileFilter(filter);
    const heard: Heard = { filter, matches, handler, isKnown: false, isLive: true };
    this.#heard.push(heard);
    this.#tellOf(heard);
    const unsubscribe = () => {
      heard.isLive = false;
      this.#heard = this.#heard.filter((other) => other !== heard);
    };
    return { unsubscribe };
  }

  async request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    checkSubject(subject);
    if (this.#status === 'closed') throw closed();
    const answer = Promise.withResolvers<Uint8Array>();
    const timer = this.process.timers.after(timeoutMs, () =>
      answer.reject(new TransportError('TIMEOUT', `no answer on ${subject} in ${timeoutMs} ms`)),
    );
    const reply = this.newInbox();
    const inbox = this.subscribe(reply, (message) => answer.resolve(message.payload));
    const ask = () =>
      this.toBroker(`request ${subject}`, () => {
        if (this.#broker.route(subject, payload, reply) > 0) return;
        const nobody = new TransportError('NO_RESPONDERS', `nobody answers on ${subject}`);
        this.fromBroker(`nobody on ${subject}`, () => answer.reject(nobody));
      });
    if (this.#status === 'connected') ask();
    else this.#whenConnected.add(ask);
    try {
      const bytes = await answer.promise;
      this.onAnswered(subject, payload, bytes);
      return bytes;
    } finally {
      this.#whenConnected.delete(ask);
      cancelTimer(timer);
      inbox.unsubscribe();
    }
  }

  async flush(): Promise<void> {
    for (;;) {
      if (this.#status === 'closed') throw closed();
      const pong = Promise.withResolvers<boolean>();
      const stop = this.onStatus(() => pong.resolve(false));
      if (this.#status === 'connected') {
        this.toBroker('ping', () => this.fromBroker('pong', () => pong.resolve(true)));
      }
      const isFlushed = await pong.promise;
      stop();
      if (isFlushed) return;
    }
  }

  async close(): Promise<void> {
    this.#line = undefined;
    this.#broker.forget(this);
    this.#tell('closed', 'closed by this process');
  }

  /** A message that the broker has for it; returns how many subscriptions hear it. */
  deliver(message: TransportMessage): number {
    if (this.#line === undefined) return 0;
    const heard = this.#heard.filter((each) => each.isKnown && each.matches(message.subject));
    for (const each of heard) this.#deliverTo(each, message);
    return heard.length;
  }

  #tellOf(heard: Heard): void {
    this.toBroker(`subscribe ${heard.filter}`, () => {
      heard.isKnown = true;
    });
  }

  #deliverTo(heard: Heard, message: TransportMessage): void {
    const { dice, network, coverage } = this.#broker.parts;
    const label = `deliver ${message.subject} ${message.payload.byteLength}`;
    const hand = () => {
      if (heard.isLive) heard.handler(message);
    };
    const isFaulty = !this.#broker.isCalm;
    if (isFaulty && network.lossOneIn > 0 && dice.oneIn(network.lossOneIn)) {
      coverage.add('messages lost');
      return;
    }
    if (isFaulty && this.#isLate(message)) {
      coverage.add('settled positions out of order');
      this.#handLater(label, hand);
      return;
    }
    this.fromBroker(label, hand);
    if (!isFaulty || network.twiceOneIn === 0 || !dice.oneIn(network.twiceOneIn)) return;
    coverage.add('messages delivered twice');
    this.#handLater(`${label} again`, hand);
  }

  /** Behind what comes meanwhile. */
  #handLater(label: string, hand: () => void): void {
    const { dice } = this.#broker.parts;
    const line = this.#line;
    this.process.in(this.#latencyNs() + dice.below(50e6), label, () => {
      if (line === this.#line) hand();
    });
  }

  #isLate({ subject }: TransportMessage): boolean {
    const { dice, network } = this.#broker.parts;
    return subject.endsWith('.settled') && network.lateOneIn > 0 && dice.oneIn(network.lateOneIn);
  }

  /** Something that happens at the broker when this line has carried it there. */
  toBroker(label: string, run: () => void): void {
    const line = this.#line;
    if (line === undefined) return;
    const { scheduler } = this.#broker.parts;
    this.#upAtNs = Math.max(this.#upAtNs + 1, scheduler.nowNs + this.#latencyNs());
    // The broker does not stand still when the process does, and what was sent outlives it.
    scheduler.in(this.#upAtNs - scheduler.nowNs, `${this.process.name}: ${label}`, () => {
      if (line === this.#line && this.#broker.isUp) run();
    });
  }

  /** Something that happens in the process when this line has carried it here. */
  fromBroker(label: string, run: () => void): void {
    const line = this.#line;
    if (line === undefined) return;
    const { nowNs } = this.#broker.parts.scheduler;
    this.#downAtNs = Math.max(this.#downAtNs + 1, nowNs + this.#latencyNs());
    this.process.in(this.#downAtNs - nowNs, label, () => {
      if (line === this.#line) run();
    });
  }

  #latencyNs(): number {
    const { dice, network } = this.#broker.parts;
    return network.leastNs + dice.below(network.mostNs - network.leastNs);
  }

  /** The line is cut for a while. */
  cut(forNs: number): void {
    if (this.#isCut || this.#status === 'closed') return;
    this.#isCut = true;
    this.#broker.parts.coverage.add('lines cut');
    this.breaks('the line was cut');
    this.#broker.parts.scheduler.in(forNs, `${this.process.name}'s line is whole`, () => {
      this.#isCut = false;
      this.comesBack();
    });
  }

  /** What is on its way is lost, and noticed a little later. */
  breaks(detail: string): void {
    if (this.#line === undefined) return;
    this.#line = undefined;
    for (const heard of this.#heard) heard.isKnown = false;
    const { dice } = this.#broker.parts;
    this.process.in(dice.below(NOTICE_NS), 'the line broke', () => {
      if (this.#line === undefined) this.#tell('disconnected', detail);
    });
  }

  comesBack(): void {
    const { dice, network, scheduler } = this.#broker.parts;
    const delayNs = NOTICE_NS + dice.below(network.reconnectNs);
    scheduler.in(delayNs, `${this.process.name} reconnects`, () => {
      const mayReach = this.#broker.isUp && !this.#isCut;
      if (!mayReach || this.#line !== undefined || this.#status === 'closed') return;
      this.#breaks += 1;
      this.#line = this.#breaks;
      this.process.in(0, 'the line is back', () => this.#connected());
    });
  }

  #connected(): void {
    if (this.#line === undefined) return;
    this.#tell('disconnected', 'the line broke');
    for (const heard of this.#heard) {
      this.#tellOf(heard);
    }
    this.#tell('connected', 'reconnected');
    for (const ask of [...this.#whenConnected]) ask();
    this.#whenConnected.clear();
  }

  #tell(status: TransportStatus, detail: string): void {
    if (status === this.#status || this.#status === 'closed') return;
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status, detail);
  }
}

const closed = () => new TransportError('CLOSED', 'the simulated line is closed');
