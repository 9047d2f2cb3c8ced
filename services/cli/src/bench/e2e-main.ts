/** A process of `bench e2e`: many clients, their messages and what they are told. */
import assert from 'node:assert/strict';
import { commandSubject, reportFilter } from '@foldbook/protocol';
import {
  answerQuestions,
  connectNats,
  type NatsTransport,
  pause,
  systemTimers,
} from '@foldbook/runtime';
import { E2eClient, E2eCounters } from './e2e-client.ts';
import { E2eFlow } from './e2e-flow.ts';
import type {
  ClientsMeasured,
  ClientsOptions,
  ClientsQuestions,
  ClientsRun,
} from './e2e-messages.ts';

const DRAIN_WITHIN_MS = 20_000;
/** Between two looks whether a message is due, beside those after each one that came. */
const LOOK_MS = 1;
/** A market that refused is given time. */
const AFTER_REFUSAL_MS = 20;

class Clients {
  readonly #clients: E2eClient[] = [];
  readonly #counters = new E2eCounters();
  readonly #connections: NatsTransport[] = [];
  /** Undefined: nothing is sent any more. */
  #run: ClientsRun | undefined;
  #startMs = 0;
  #sinceMs = 0;
  #pendingFirst = 0;
  #sent = 0;
  #next = 0;

  async open(options: ClientsOptions): Promise<void> {
    const { servers, connections } = options;
    for (let index = 0; index < connections; index += 1) {
      // Each at home with another server of a cluster.
      const server = servers[index % servers.length];
      assert(server !== undefined, 'there is a server');
      const transport = await connectNats({ servers: server, name: 'foldbook-bench-clients' });
      this.#connections.push(transport);
      this.#openOn(transport, options, index);
    }
    await Promise.all(this.#connections.map((transport) => transport.flush()));
  }

  #openOn(transport: NatsTransport, options: ClientsOptions, index: number): void {
    const { connection } = transport;
    const inbox = transport.newInbox();
    const own: E2eClient[] = [];
    for (let n = index; n < options.accounts; n += options.connections) {
      const account = options.firstAccount + n;
      const client = new E2eClient({
        subject: commandSubject(options.market, account),
        inbox: `${inbox}.${own.length}`,
        window: options.window,
        flow: new E2eFlow(options, account),
        counters: this.#counters,
        publish: (subject, payload, reply) => connection.publish(subject, payload, { reply }),
      });
      own.push(client);
      this.#clients.push(client);
      connection.subscribe(reportFilter(account, options.market), {
        callback: (error, { data }) => {
          if (error !== null) throw error;
          client.reported(data);
          this.#refill(client);
        },
      });
    }
    connection.subscribe(`${inbox}.*.*`, {
      callback: (error, { subject, data }) => {
        if (error !== null) throw error;
        const slotAt = subject.lastIndexOf('.');
        const client = own[Number(subject.slice(inbox.length + 1, slotAt))];
        if (client === undefined) return;
        if (client.answered(Number(subject.slice(slotAt + 1)), data)) this.#refill(client);
        else setTimeout(() => this.#refill(client), AFTER_REFUSAL_MS);
      },
    });
  }

  start(run: ClientsRun): void {
    this.#run = run;
    this.#startMs = performance.now();
    this.#sent = 0;
    this.measure();
    if (run.perSec === undefined) for (const client of this.#clients) this.#refill(client);
    else this.#pace();
  }

  measure(): ClientsMeasured {
    const nowMs = performance.now();
    const { receivedMs, reportedMs, ...counted } = this.#counters;
    const measured = {
      ...counted,
      seconds: (nowMs - this.#sinceMs) / 1_000,
      pendingFirst: this.#pendingFirst,
      pendingLast: this.#pendingFirst + counted.sentCommands - counted.reportedCommands,
      receivedMs: receivedMs.take(),
      reportedMs: reportedMs.take(),
    };
    this.#counters.clear();
    this.#sinceMs = nowMs;
    this.#pendingFirst = measured.pendingLast;
    return measured;
  }

  async stop(): Promise<boolean> {
    this.#run = undefined;
    const deadlineMs = performance.now() + DRAIN_WITHIN_MS;
    const isIdle = () => this.#clients.every((client) => client.isIdle);
    while (!isIdle() && performance.now() < deadlineMs) await pause(systemTimers, LOOK_MS);
    return isIdle();
  }

  /** Without a pace every client fills its window. */
  #refill(client: E2eClient): void {
    if (this.#run === undefined || this.#run.perSec !== undefined) return;
    while (client.hasRoom) client.send(performance.now());
  }

  /** Sends what is due, from one client after the other. */
  #pace(): void {
    const run = this.#run;
    if (run?.perSec === undefined) return;
    const periodMs = 1_000 / run.perSec;
    const dueBy = performance.now();
    let tried = 0;
    while (tried < this.#clients.length) {
      const dueMs = this.#startMs + this.#sent * periodMs;
      if (dueMs > dueBy) break;
      const client = this.#clients[this.#next];
      this.#next = (this.#next + 1) % this.#clients.length;
      tried += 1;
      if (!client?.hasRoom) continue;
      this.#sent += client.send(dueMs);
      tried = 0;
    }
    setTimeout(() => this.#pace(), LOOK_MS);
  }
}

const clients = new Clients();

answerQuestions<ClientsQuestions>({
  async attach(options) {
    await clients.open(options);
    return undefined;
  },
  async start(run) {
    clients.start(run);
    return undefined;
  },
  async measure() {
    return clients.measure();
  },
  stop: () => clients.stop(),
});
