/** What `dispute` is asked: each question takes options of its own, and no other's. */
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';

export type Question = 'check' | 'accounts' | 'logs' | 'stores' | 'receipts';

interface Form {
  readonly question: Question;
  /** Either of them asks it. */
  readonly asks: readonly string[];
  readonly takes: readonly string[];
}

const FORMS: readonly Form[] = [
  { question: 'check', asks: ['check'], takes: ['operator'] },
  { question: 'accounts', asks: ['account', 'other-account'], takes: ['out'] },
  { question: 'logs', asks: ['other-log'], takes: ['log', 'nats', 'user', 'partition', 'out'] },
  {
    question: 'stores',
    asks: ['other-store', 'other-chain'],
    takes: ['store', 'market', 'chain', 'out'],
  },
];

/** Only in forms above: receipts take all the others. */
const OPTIONS = [
  ...['check', 'account', 'other-account', 'other-log', 'other-store', 'other-chain'],
  ...['store', 'chain', 'market', 'log', 'nats', 'user', 'partition', 'operator', 'out'],
] as const;

/**
 * Which question it is. What is not of it was meant as another, and an answer without it would be
 * taken for that one's.
 * @throws UsageError where the question does not take all that is named
 */
export function questionOf({ text, positionals }: CommandContext): Question {
  const form = FORMS.find(({ asks }) => asks.some((name) => text(name) !== undefined));
  if (form === undefined) return 'receipts';
  const { question, asks, takes } = form;
  const asked = asks.find((name) => text(name) !== undefined);
  const [file] = positionals;
  const isNeedless = (name: string) =>
    text(name) !== undefined && ![...asks, ...takes].includes(name);
  const option = OPTIONS.find(isNeedless);
  const needless = option === undefined ? file : `--${option}`;
  if (needless === undefined) return question;
  const other = question === 'accounts' && option === 'store' ? VERIFIED : ASK_APART;
  throw new UsageError(`${needless} is not for --${asked}: ${other}`);
}

const ASK_APART = 'leave it away, or ask one thing at a time; see: foldbook dispute --help';
const VERIFIED = 'a file is held against a store by: foldbook verify --account FILE --store DIR';
