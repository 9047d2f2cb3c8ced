/** Balances as the log gives them: every group through the naive engine, every move added up. */
import { LogMarket, settlementRecord } from '@foldbook/engine';
import {
  BatchKind,
  decodeBatchHeader,
  isTermSubject,
  logStream,
  MAX_COMMANDS_PER_GROUP,
} from '@foldbook/protocol';
import { SegmentStore } from '@foldbook/runtime';
import type { AccountTable } from '@foldbook/stark/verify';
import { AccountTree, FEE_ACCOUNT, SUPPLY_ACCOUNT } from '@foldbook/verifier';
import { ServiceError } from '../cli-error.ts';

export class ReplayedLedger extends LogMarket {
  /** Settlement records that the commands gave. */
  records = 0;
  readonly #totals = new Map<number, { base: bigint; quote: bigint }>();

  /** Reads a log in segment files, once nobody writes it any more. */
  static async read(dir: string, market: string, accounts: readonly number[]) {
    const store = new SegmentStore({ dir });
    try {
      let ledger: ReplayedLedger | undefined;
      const stream = store.reader(logStream(0)).read({ fromSequence: 1, follow: false });
      for await (const { sequence, subject, payload } of stream) {
        if (isTermSubject(subject) || subject.split('.')[2] !== market) continue;
        const header = decodeBatchHeader(payload, BatchKind.GROUP, MAX_COMMANDS_PER_GROUP);
        if (!header.ok) throw new ServiceError(`log record ${sequence} is no group`);
        const { market: id, count, timeNs } = header.value;
        ledger ??= new ReplayedLedger(market, id, accounts);
        ledger.apply(payload, count, timeNs, sequence);
      }
      if (ledger === undefined) throw new ServiceError(`the log has nothing of ${market}`);
      return ledger;
    } finally {
      await store.close();
    }
  }

  /** Root of the accounts' tree over these balances. */
  root(): bigint {
    const { ids, base, quote } = this.table();
    const tree = new AccountTree();
    for (const [row, id] of ids.entries()) tree.set(id, base[row] ?? 0n, quote[row] ?? 0n);
    return tree.root();
  }

  /** As a STARK chain has them: with rows of the supply and of the fees, whatever they have. */
  table(): AccountTable {
    const ids = Uint32Array.from(
      new Set([SUPPLY_ACCOUNT, FEE_ACCOUNT, ...this.#totals.keys()]),
    ).sort();
    const base = new BigUint64Array(ids.length);
    const quote = new BigUint64Array(ids.length);
    for (const [row, id] of ids.entries()) {
      const total = this.#totals.get(id) ?? { base: 0n, quote: 0n };
      // The supply's row holds what is outstanding.
      const sign = id === SUPPLY_ACCOUNT ? -1n : 1n;
      base[row] = sign * total.base;
      quote[row] = sign * total.quote;
    }
    return { ids, base, quote };
  }

  protected override onReport(): void {}

  protected override onEvent(_events: Uint8Array, view: DataView, at: number): void {
    const move = settlementRecord(view, at);
    if (move === undefined) return;
    this.records += 1;
    this.#add(move.a, -move.base, move.quote);
    this.#add(move.b, move.base, -move.quote);
  }

  #add(account: number, base: bigint, quote: bigint): void {
    const total = this.#totals.get(account) ?? { base: 0n, quote: 0n };
    total.base += base;
    total.quote += quote;
    this.#totals.set(account, total);
  }
}
