/** Sessions and request ids of a random flow: mostly fresh ones, at times repeated or old ones. */
import { CommandKind, MAX_SESSIONS_PER_ACCOUNT } from '@foldbook/protocol';
import { type CommandFields, commandRecord, setFields } from './command-record.ts';
import type { Dice } from './dice.ts';

/** Records that may be sent again. */
const REMEMBERED = 64;
/** More sessions than an account may have. */
const MANY_SESSIONS = MAX_SESSIONS_PER_ACCOUNT + 20;

export class RandomRequests {
  readonly #dice: Dice;
  /** The last id of each account and session. */
  readonly #lastIds = new Map<string, bigint>();
  readonly #recent: Uint8Array[] = [];
  /** Account that opens more sessions than it may. */
  readonly #greedy: number;
  #greedySessions = 10;

  constructor(dice: Dice, greedyAccount: number) {
    this.#dice = dice;
    this.#greedy = greedyAccount;
  }

  /** A record of its own request. */
  fresh(fields: CommandFields): Uint8Array {
    const isClients = Number(fields.kind) <= CommandKind.QUOTE;
    const owner = isClients ? Number(fields.account) : 0;
    const session = fields.session ?? this.#session(owner);
    const name = `${owner}/${session}`;
    // Gaps are allowed: ids in them never ran.
    const step = this.#dice.oneIn(20) ? BigInt(1 + this.#dice.below(5)) : 1n;
    const requestId = (this.#lastIds.get(name) ?? 0n) + step;
    this.#lastIds.set(name, requestId);
    const record = commandRecord({ ...fields, session, requestId });
    this.#remember(record);
    return record;
  }

  /** One that was sent before, as it was: its result is asked for again. */
  again(): Uint8Array | undefined {
    if (this.#recent.length === 0) return undefined;
    return this.#recent[this.#dice.below(this.#recent.length)]?.slice();
  }

  /** One with an id that comes too late. */
  late(): Uint8Array | undefined {
    const record = this.again();
    if (record === undefined) return undefined;
    const [name, last] = [...this.#lastIds].reduce((one, other) => {
      return one[1] > other[1] ? one : other;
    });
    const [account = '0', session = '0'] = name.split('/');
    const requestId = BigInt(this.#dice.below(Number(last) + 1));
    if (account !== '0') setFields(record, { account: Number(account), kind: CommandKind.CANCEL });
    else setFields(record, { kind: CommandKind.DEPOSIT });
    setFields(record, { session: Number(session), requestId });
    return record;
  }

  #session(owner: number): number {
    const isGreedy = owner === this.#greedy && this.#greedySessions < MANY_SESSIONS;
    if (!isGreedy || !this.#dice.oneIn(3)) return this.#dice.oneIn(8) ? 2 : 1;
    this.#greedySessions += 1;
    return this.#greedySessions;
  }

  #remember(record: Uint8Array): void {
    if (this.#recent.length < REMEMBERED) this.#recent.push(record);
    else this.#recent[this.#dice.below(REMEMBERED)] = record;
  }
}
