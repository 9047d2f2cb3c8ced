/** Which events answer a command. */
import { EventKind, type MarketEvent } from '@foldbook/protocol';

/** Their kinds, by the names of what is read of them. */
const KINDS = {
  accepted: EventKind.ACCEPTED,
  cancelled: EventKind.CANCELLED,
  replaced: EventKind.REPLACED,
  rejected: EventKind.REJECTED,
  result: EventKind.RESULT,
  'all-cancelled': EventKind.ALL_CANCELLED,
  'cancel-after-set': EventKind.CANCEL_AFTER_SET,
} as const satisfies Partial<Record<MarketEvent['type'], number>>;

/** The event that answers a command. */
export type Answer = Extract<MarketEvent, { readonly type: keyof typeof KINDS }>;

const ANSWER_KINDS: ReadonlySet<number> = new Set(Object.values(KINDS));

export const isAnswerKind = (kind: number) => ANSWER_KINDS.has(kind);

export const isAnswer = (event: MarketEvent): event is Answer => Object.hasOwn(KINDS, event.type);

/** Market sequence that the command ran as. */
export const sequenceOf = (answer: Answer) =>
  answer.type === 'result' ? answer.firstSequence : answer.sequence;
