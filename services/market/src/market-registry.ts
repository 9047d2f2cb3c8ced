/** The markets of this process, by name and by number, with what each part keeps about them. */
import { type Asker, GroupBuilder } from './group-builder.ts';
import { LogChain } from './log-chain.ts';
import { MarketTerms } from './market-terms.ts';
import { MarketTransfers } from './market-transfers.ts';
import { OpenEpoch } from './open-epoch.ts';

/** What the publisher must know of a group when its events arrive. */
export interface CommittedGroup {
  readonly logSequence: number;
  /** As it lies in the log. */
  readonly payload: Uint8Array;
  readonly askers: readonly Asker[];
  /** Hash-chain head after this group. */
  readonly head: Uint8Array;
  /** Its last command is the sequencer's own close of an epoch. */
  readonly closesEpoch: boolean;
  /** Commands by the account that sent them, clients only. */
  readonly shares: ReadonlyMap<number, number>;
  /** When each of its messages was received, and when it became durable, monotonic. */
  readonly receivedNs: readonly number[];
  readonly durableNs: number;
}

export class Market {
  readonly name: string;
  /** From 1, in order of creation in the log. */
  readonly id: number;
  /** Of the log that it lives in. */
  readonly partition: number;
  readonly open = new GroupBuilder();
  readonly chain = new LogChain();
  readonly terms = new MarketTerms();
  readonly transfers = new MarketTransfers();
  /** Groups handed to the market thread whose events have not come back, oldest first. */
  readonly committed: CommittedGroup[] = [];
  /** Log sequence of the first group of which not all that it made was sent; 0 for none. */
  unsentFrom = 0;
  /** When the open group got its first command, ns; undefined while it has none. */
  gatheringSinceNs: bigint | undefined;
  /** Groups that were handed to the log and are not durable. */
  groupsInFlight = 0;
  /** When the groups that were appended and have not come back got their first command, ns. */
  readonly waitingSinceNs: bigint[] = [];
  readonly epoch = new OpenEpoch();
  /** Time stamp of the first group that came back with open records; 0n for none. */
  openSinceNs = 0n;
  /** When the engine's next timer is due, as of the last group that came back; 0n for none. */
  nextTimerNs = 0n;
  /** A command that lets time pass is on its way through the log. */
  ticking = false;
  sequence = 0;
  /** Log sequence of its first group; 0 before there is one. */
  firstLogSequence = 0;
  /** Log sequence of the group that it was restored to; groups up to it are in it already. */
  restoredTo = 0;
  /** Number of the host it lives on. */
  host = 0;
  /** How long its groups took since its load was last looked at, ns. */
  busyNs = 0;
  /** The engine has taken its CREATE_MARKET; it may refuse one, and the name waits for the next. */
  isCreated = false;

  constructor(name: string, id: number, partition: number) {
    this.name = name;
    this.id = id;
    this.partition = partition;
  }

  /**
   * Its creation is in the log: clients may hear of it. One that is only on its way there may be
   * gone with this process, and the next owner would not know what they speak of.
   */
  get isLogged(): boolean {
    return this.firstLogSequence > 0;
  }
}

export class MarketRegistry {
  readonly #byName = new Map<string, Market>();
  readonly #byId = new Map<number, Market>();
  readonly #partition: number;
  readonly #most: number;
  readonly #onAdd: (market: Market) => void;

  /**
   * @param partition - that all of them live in
   * @param most - markets that may be created
   * @param onAdd - told of every market
   */
  constructor(
    partition: number,
    most = Number.POSITIVE_INFINITY,
    onAdd: (market: Market) => void = () => undefined,
  ) {
    this.#partition = partition;
    this.#most = most;
    this.#onAdd = onAdd;
  }

  /** No market may be created any more. */
  get isFull(): boolean {
    return this.#byId.size >= this.#most;
  }

  byName(name: string): Market | undefined {
    return this.#byName.get(name);
  }

  byId(id: number): Market | undefined {
    return this.#byId.get(id);
  }

  all(): IterableIterator<Market> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A market that is not known before `add`; the log says its number, or it is the next one. */
  create(name: string, id = this.#byId.size + 1): Market {
    return new Market(name, id, this.#partition);
  }

  add(market: Market): void {
    this.#byName.set(market.name, market);
    this.#byId.set(market.id, market);
    this.#onAdd(market);
  }
}
