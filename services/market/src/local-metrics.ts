/** What a market tells of its clients on the same host, all of them together. */
import { ConnectionEnd, type MetricSpecs, type MetricsWriter } from '@foldbook/runtime';

/** Why somebody who knocked was not let in. */
const TURNED_AWAY = { TAKEN: 0, NOT_YOURS: 1 } as const;

export const LOCAL_METRICS = {
  localClients: { kind: 'gauge', unit: 'connections', help: 'over shared memory, now' },
  localFramesIn: { kind: 'counter', unit: 'frames', help: 'taken from clients on this host' },
  localFramesOut: { kind: 'counter', unit: 'frames', help: 'sent to clients on this host' },
  localWaitingBytes: {
    kind: 'gauge',
    unit: 'bytes',
    help: 'of frames that the rings of clients on this host have no room for',
  },
  localEnds: {
    kind: 'counters',
    unit: 'connections',
    help: 'over shared memory that ended, by reason',
    labels: ConnectionEnd,
  },
  localTurnedAway: {
    kind: 'counters',
    unit: 'connections',
    help: 'to an account that has a client already, or is of another user',
    labels: TURNED_AWAY,
  },
} as const satisfies MetricSpecs[string];

export class LocalMetrics {
  readonly clients;
  readonly framesIn;
  readonly framesOut;
  readonly waitingBytes;
  readonly #ends;
  readonly #turnedAway;

  constructor(writer: MetricsWriter) {
    this.clients = writer.gauge('localClients');
    this.framesIn = writer.counter('localFramesIn');
    this.framesOut = writer.counter('localFramesOut');
    this.waitingBytes = writer.gauge('localWaitingBytes');
    this.#ends = writer.counters('localEnds');
    this.#turnedAway = writer.counters('localTurnedAway');
  }

  ended(end: ConnectionEnd): void {
    this.#ends.add(ConnectionEnd[end], 1);
  }

  turnedAway(kind: keyof typeof TURNED_AWAY): void {
    this.#turnedAway.add(TURNED_AWAY[kind], 1);
  }
}
