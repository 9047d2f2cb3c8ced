/** Asking the market for reports that were missed. */
import {
  BatchKind,
  decodeBatchHeader,
  decodeReply,
  isBinaryBatch,
  PROTOCOL_VERSION,
  querySubject,
  RECORD_BYTES,
  ResultCode,
} from '@foldbook/protocol';
import { monotonicMs, pause, systemTimers, type Timers, type Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask, DEFAULT_TIMEOUT_MS } from './ask.ts';
import { ClientError } from './client-error.ts';
import { MAX_BATCH_RECORDS } from './limits.ts';
import { splitBatches } from './split-batches.ts';

const BUSY_PAUSE_MS = 20;

export interface ReportPage {
  /** Market sequence that the account's durable reports reach; more may follow what is here. */
  readonly last: number;
  /** REPORTS batches in order. */
  readonly batches: readonly Uint8Array[];
}

/**
 * Durable reports after the market sequence `after`, and of those after the first `skip` batches;
 * as many as fit into an answer. Waits a while for a market that is busy. Throws ClientError
 * UNREACHABLE (ask again), REFUSED or BAD_ANSWER.
 */
export async function askReports(
  transport: Transport,
  market: string,
  account: number,
  { after, skip }: { readonly after: number; readonly skip: number },
  timers: Timers = systemTimers,
): Promise<ReportPage> {
  const subject = querySubject(market, account);
  const question = encode({ v: PROTOCOL_VERSION, reports: after, skip });
  const answer = await patiently(transport, subject, question, timers);
  const header = decodeBatchHeader(answer, BatchKind.REPLY, MAX_BATCH_RECORDS);
  const batches = header.ok ? splitBatches(answer.subarray(RECORD_BYTES)) : undefined;
  if (!header.ok || batches === undefined) {
    throw new ClientError('BAD_ANSWER', `${subject}: the answer holds no batches of reports`);
  }
  return { last: header.value.last, batches };
}

/** The market answers one such question of an account at a time. */
async function patiently(
  transport: Transport,
  subject: string,
  question: Uint8Array,
  timers: Timers,
): Promise<Uint8Array> {
  const deadlineMs = monotonicMs(timers) + DEFAULT_TIMEOUT_MS;
  for (;;) {
    const answer = await ask(transport, subject, question);
    if (isBinaryBatch(answer)) return answer;
    const reply = decodeReply(answer);
    if (!reply.ok) throw new ClientError('BAD_ANSWER', `${subject}: ${reply.detail}`);
    const { code, name, detail } = reply.value;
    const words = `${subject}: ${name} ${detail}`;
    const isForNow = code === ResultCode.BUSY || code === ResultCode.UNAVAILABLE;
    if (!isForNow) throw new ClientError('REFUSED', words, { refusal: name });
    if (monotonicMs(timers) > deadlineMs) throw new ClientError('UNREACHABLE', words);
    await pause(timers, BUSY_PAUSE_MS);
  }
}
