/** What became of a request, asked for by its id. */
import {
  isMsgpackMap,
  type MsgpackMap,
  PROTOCOL_VERSION,
  querySubject,
  ResultCode,
  readMsgpack,
} from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';

export interface RequestName {
  readonly session: number;
  readonly requestId: number | bigint;
}

/** Facts of every outcome: how things stood when the market answered. */
interface AsOf {
  /** The session's last request that the market has executed; 0n before its first. */
  readonly lastRequestId: bigint;
  /** Market sequence. */
  readonly sequence: number;
  /** Commands of the account that the market had taken and not executed, as its log has not yet. */
  readonly pending: number;
  /** Of the owner that answered. */
  readonly term: number;
}

export type Outcome =
  /** It ran: what a copy of it would be told. */
  | (AsOf & {
      readonly outcome: 'executed';
      /** OK, or the code of its rejection. */
      readonly result: number;
      /** Market sequence that it ran as; its events are in the reports. */
      readonly firstSequence: number;
    })
  /** It never ran and never will: a later request of its session came first. */
  | (AsOf & { readonly outcome: 'superseded' })
  /** Older than the results that the market keeps: whether it ran is in the reports. */
  | (AsOf & { readonly outcome: 'unknown_expired' })
  /**
   * Not executed, and it may be yet: a copy may be on its way, or in the log. Sending it again is
   * safe. To have it settled, execute any request of the session with a higher id
   * (`OrderClient.fence`) and ask again: it is then one of the other three, for good.
   */
  | (AsOf & { readonly outcome: 'not_seen' });

/** A refusal is a reply: with a list of events, which is empty, and a few words. */
const LIMITS = { depth: 2, arrayLength: 0, mapLength: 64, stringBytes: 4_096 };

/**
 * Asks the market what became of a request of an account. Changes nothing. Throws ClientError
 * UNREACHABLE (ask again), REFUSED or BAD_ANSWER.
 */
export async function askOutcome(
  transport: Transport,
  market: string,
  account: number,
  { session, requestId }: RequestName,
): Promise<Outcome> {
  const subject = querySubject(market, account);
  const fields = { v: PROTOCOL_VERSION, session: BigInt(session), request: BigInt(requestId) };
  const question = encode(fields, { useBigInt64: true });
  const answer = readMsgpack(await ask(transport, subject, question), LIMITS);
  if (!answer.ok || !isMsgpackMap(answer.value)) {
    throw new ClientError('BAD_ANSWER', `${subject}: the answer is no map`);
  }
  return readOutcome(subject, answer.value);
}

function readOutcome(subject: string, map: MsgpackMap): Outcome {
  const code = map.get('code');
  if (code !== ResultCode.OK) {
    const name = String(map.get('name') ?? code);
    const words = `${subject}: ${name} ${map.get('detail') ?? ''}`.trimEnd();
    throw new ClientError('REFUSED', words, { refusal: name });
  }
  const integer = (key: string): number => {
    const value = map.get(key);
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw new ClientError('BAD_ANSWER', `${subject}: the answer has no ${key}`);
  };
  const last = map.get('lastRequestId');
  const asOf = {
    lastRequestId: typeof last === 'bigint' ? last : BigInt(integer('lastRequestId')),
    sequence: integer('sequence'),
    pending: integer('pending'),
    term: integer('term'),
  };
  const outcome = map.get('outcome');
  switch (outcome) {
    case 'executed':
      return {
        ...asOf,
        outcome,
        result: integer('result'),
        firstSequence: integer('firstSequence'),
      };
    case 'superseded':
    case 'unknown_expired':
    case 'not_seen':
      return { ...asOf, outcome };
    default:
      throw new ClientError('BAD_ANSWER', `${subject}: the answer tells no outcome`);
  }
}
