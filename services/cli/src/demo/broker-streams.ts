/** What a demo leaves on a broker: the streams of its partition, which outlive it. */
import { diffStream, isTermSubject, logStream, reportStream } from '@foldbook/protocol';
import { connectNats, type Transport } from '@foldbook/runtime';

export interface BrokerStream {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
}

export interface LeftBehind {
  readonly streams: readonly BrokerStream[];
  /** They were removed, as was asked. */
  readonly removed: boolean;
  /** Why they were not removed though it was asked. */
  readonly kept?: string;
}

const PARTITION = 0;
/** Checkpoints of the partition's markets, which are of no use without its log. */
const CHECKPOINTS = `OBJ_SNAP_${PARTITION}`;
/** Markets of demos; see environment.ts. */
export const DEMO_MARKET = /^DEMO-[0-9A-Z]+$/;
const PATIENCE_MS = 10_000;

/** Counts the streams, once their services have ended; removes them where that is asked. */
export async function leftOnBroker(servers: string, clean: boolean): Promise<LeftBehind> {
  const transport = await connectNats({ servers, name: 'foldbook-demo' });
  try {
    const found = await Promise.all(
      [logStream, reportStream, diffStream].map((name) => look(transport, name(PARTITION))),
    );
    const all = found.filter((stream) => stream !== undefined);
    const streams = all.map(({ name, messages, bytes }) => ({ name, messages, bytes }));
    if (!clean) return { streams, removed: false };
    const others = new Set(all.flatMap(({ markets }) => markets).filter(isOther));
    if (others.size > 0) {
      const names = [...others].sort().join(', ');
      return { streams, removed: false, kept: `they hold ${names} as well` };
    }
    const gone = [...all.map(({ name }) => name), CHECKPOINTS];
    for (const name of gone) await ask(transport, `STREAM.DELETE.${name}`, {});
    return { streams, removed: true };
  } finally {
    await transport.close();
  }
}

const isOther = (market: string) => !DEMO_MARKET.test(market);

interface FoundStream extends BrokerStream {
  readonly markets: readonly string[];
}

/** Undefined where there is none. The last token of each subject is the market. */
async function look(transport: Transport, name: string): Promise<FoundStream | undefined> {
  const answer = await ask(transport, `STREAM.INFO.${name}`, { subjects_filter: '>' });
  const state = answer.state;
  if (!isRecord(state)) return undefined;
  const subjects = isRecord(state.subjects) ? Object.keys(state.subjects) : [];
  // The broker lists so many at most: what is not seen is taken for somebody's.
  const isWhole = Number(state.num_subjects ?? 0) === subjects.length;
  const markets = subjects
    .filter((subject) => !isTermSubject(subject))
    .map((subject) => subject.slice(subject.lastIndexOf('.') + 1));
  return {
    name,
    messages: Number(state.messages),
    bytes: Number(state.bytes),
    markets: isWhole ? markets : [...markets, 'more markets than the broker lists'],
  };
}

async function ask(transport: Transport, what: string, body: object) {
  const payload = new TextEncoder().encode(JSON.stringify(body));
  const answer = await transport.request(`$JS.API.${what}`, payload, PATIENCE_MS);
  const value: unknown = JSON.parse(new TextDecoder().decode(answer));
  return isRecord(value) ? value : {};
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
