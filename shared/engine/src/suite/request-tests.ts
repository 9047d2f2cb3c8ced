/** Requests: fresh ones, repeated ones, late ones; sessions and the windows of their results. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Asset, CommandKind, MAX_SESSIONS_PER_ACCOUNT } from '@foldbook/protocol';
import { commandRecord, concatenate } from '../command-record.ts';
import { describeEvents } from '../event-words.ts';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, TestMarket } from './test-market.ts';

const cancelOf = (account: number, session: number, requestId: number | bigint) => {
  return { kind: CommandKind.CANCEL, account, clientOrderId: 1, session, requestId };
};

const refused = ['rejected UNKNOWN_ORDER'];
const superseded = ['rejected SUPERSEDED'];
const expired = ['rejected UNKNOWN_EXPIRED'];
const newMarket = (makeEngine: MakeEngine) => new TestMarket(makeEngine(), { maker: 0, taker: 0 });

export function requestTests(makeEngine: MakeEngine): void {
  resultTests(makeEngine);
  windowTests(makeEngine);
  searchTests(makeEngine);
  sessionTests(makeEngine);
  outcomeTests(makeEngine);
}

function resultTests(makeEngine: MakeEngine): void {
  test('a request that is sent again gets the same answer and does nothing', () => {
    const market = freeMarket(makeEngine);
    const order = { kind: CommandKind.NEW, account: 2, clientOrderId: 5, price: 100, quantity: 3 };
    const request = { session: 7, requestId: 10 };
    assert.deepEqual(market.send({ ...order, ...request }), [
      'accepted 2/5 buy 3@100 gtc',
      'level buy 3@100/1',
    ]);
    assert.deepEqual(market.send({ ...order, ...request }), ['result OK of 10']);
    assert.deepEqual(market.send({ ...order, ...request, price: 0 }), ['result OK of 10']);
    assert.deepEqual(market.send({ ...order, session: 7, requestId: 11 }), [
      'rejected DUPLICATE_ORDER_ID',
    ]);
    market.cancel(2, 5);
    assert.deepEqual(market.send({ ...order, session: 7, requestId: 11 }), [
      'result DUPLICATE_ORDER_ID of 13',
    ]);
    assert.deepEqual(market.send({ ...order, ...request }), ['result OK of 10']);
    assert.equal(market.engine.openOrders(), 0);
  });

  test('ids rise; one that was left out never ran and will not', () => {
    const market = newMarket(makeEngine);
    assert.deepEqual(market.send(cancelOf(2, 7, 0)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), refused);
    assert.deepEqual(market.send(cancelOf(2, 7, 9)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 0)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 12)), refused);
    assert.deepEqual(market.send(cancelOf(2, 7, 11)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), ['result UNKNOWN_ORDER of 3']);
    assert.deepEqual(market.send(cancelOf(2, 8, 9)), refused);
    assert.deepEqual(market.send(cancelOf(3, 7, 9)), refused);
    const last = cancelOf(2, 7, 2n ** 64n - 1n);
    assert.deepEqual(market.send(last), refused);
    assert.deepEqual(market.send(last), ['result UNKNOWN_ORDER of 11']);
    assert.deepEqual(market.send(cancelOf(2, 7, 13)), superseded);
  });

  test('a refused command uses its request id up', () => {
    const market = newMarket(makeEngine);
    const deposit = { kind: CommandKind.DEPOSIT, account: 2, asset: Asset.BASE, session: 9 };
    const send = (requestId: number, amount: number) => {
      return market.send({ ...deposit, requestId, amount });
    };
    assert.deepEqual(send(5, 0), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(send(5, 100), ['result INVALID_QUANTITY of 2']);
    assert.equal(market.balance(2), 'base 0+0 quote 0+0');
    assert.deepEqual(send(6, 100), ['deposit 2 base 100: 100+0']);
    assert.deepEqual(send(6, 100), ['result OK of 4']);
    assert.equal(market.balance(2), 'base 100+0 quote 0+0');
  });

  test('what the state of the market refused stays refused', () => {
    const market = newMarket(makeEngine);
    market.setState(1);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), ['rejected MARKET_HALTED']);
    market.setState(0);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), ['result MARKET_HALTED of 3']);
    assert.deepEqual(market.send(cancelOf(2, 7, 11)), refused);
  });

  test('a request is answered while the market is halted', () => {
    const market = newMarket(makeEngine);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), refused);
    market.setState(1);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), ['result UNKNOWN_ORDER of 2']);
  });

  test('what comes before the request leaves its id free', () => {
    const market = new TestMarket(makeEngine());
    const deposit = { kind: CommandKind.DEPOSIT, account: 2, amount: 1, session: 9, requestId: 1 };
    assert.deepEqual(market.send(deposit), ['rejected MARKET_NOT_CREATED']);
    market.create(0, 0);
    assert.deepEqual(market.send(deposit), ['deposit 2 base 1: 1+0']);
    assert.deepEqual(market.send({ ...deposit, kind: 99, requestId: 2 }), [
      'rejected UNKNOWN_COMMAND',
    ]);
    assert.deepEqual(market.send({ ...deposit, requestId: 2 }), ['deposit 2 base 1: 2+0']);
  });

  test('all operators share the sessions of account 0', () => {
    const market = newMarket(makeEngine);
    const deposit = { kind: CommandKind.DEPOSIT, asset: Asset.BASE, amount: 1, session: 9 };
    market.send({ ...deposit, account: 2, requestId: 50 });
    assert.deepEqual(market.send({ ...deposit, account: 3, requestId: 50 }), ['result OK of 2']);
    assert.deepEqual(market.send(cancelOf(2, 9, 1)), refused);
    const close = { kind: CommandKind.CLOSE_EPOCH, session: 9 };
    assert.deepEqual(market.send({ ...close, requestId: 49 }), superseded);
    assert.equal(market.send({ ...close, requestId: 51 }).length, 1);
    assert.deepEqual(market.send({ ...close, requestId: 51 }), ['result OK of 6']);
    assert.deepEqual(market.send({ kind: CommandKind.CLOCK, session: 9, requestId: 51 }), [
      'result OK of 6',
    ]);
    assert.deepEqual(market.send({ ...deposit, account: 3, requestId: 52 }), [
      'deposit 3 base 1: 1+0',
    ]);
  });

  test('the sequencer needs no request', () => {
    const market = newMarket(makeEngine);
    for (const kind of [CommandKind.CLOSE_EPOCH, CommandKind.CLOCK]) {
      for (const session of [9, 9, 10]) {
        assert.notDeepEqual(market.send({ kind, session, requestId: 0 }), superseded);
      }
    }
    for (const kind of [CommandKind.PURGE, CommandKind.SET_STATE, CommandKind.DEPOSIT]) {
      assert.deepEqual(market.send({ kind, session: 9, requestId: 0 }), superseded);
    }
    assert.deepEqual(market.send({ kind: CommandKind.CLOCK, session: 9, requestId: 1 }).length, 1);
  });
}

function windowTests(makeEngine: MakeEngine): void {
  /** Cancels of account 2 with ids from 2 on, every other number. */
  const withRequests = (count: number) => {
    const market = newMarket(makeEngine);
    const ids = Array.from({ length: count }, (_, index) => 2 + 2 * index);
    market.raw(concatenate(ids.map((id) => commandRecord(cancelOf(2, 7, id)))));
    return market;
  };

  test('the window has the results of 1,024 requests', () => {
    const market = withRequests(1_024);
    assert.deepEqual(market.send(cancelOf(2, 7, 1)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 2)), ['result UNKNOWN_ORDER of 2']);
    assert.deepEqual(market.send(cancelOf(2, 7, 3)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 2_048)), ['result UNKNOWN_ORDER of 1025']);
  });

  test('what is older has expired', () => {
    const market = withRequests(1_025);
    assert.deepEqual(market.send(cancelOf(2, 7, 1)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 2)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 3)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 0)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 4)), ['result UNKNOWN_ORDER of 3']);
    assert.deepEqual(market.send(cancelOf(2, 7, 5)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 2_050)), ['result UNKNOWN_ORDER of 1026']);
    assert.deepEqual(market.send(cancelOf(2, 7, 2_051)), refused);
    assert.deepEqual(market.send(cancelOf(2, 7, 4)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 6)), ['result UNKNOWN_ORDER of 4']);
  });

  test('a session that goes on for long', () => {
    const market = withRequests(5_000);
    assert.deepEqual(market.send(cancelOf(2, 7, 2 * 3_976)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 2 * 3_977)), ['result UNKNOWN_ORDER of 3978']);
    assert.deepEqual(market.send(cancelOf(2, 7, 10_000)), ['result UNKNOWN_ORDER of 5001']);
  });

  const fillers = (count: number) => {
    return concatenate(Array.from({ length: count }, () => commandRecord({ kind: 99 })));
  };

  test('the market keeps the results of its last commands, this one included', () => {
    const capacity = { resultCapacity: 4_096 };
    const market = new TestMarket(makeEngine(capacity), { maker: 0, taker: 0 });
    market.send(cancelOf(2, 7, 10));
    market.raw(fillers(4_094));
    assert.equal(market.engine.sequence, 4_096n);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), ['result UNKNOWN_ORDER of 2']);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 9)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 0)), superseded);
    assert.deepEqual(market.send(cancelOf(2, 7, 12)), refused);
    assert.deepEqual(market.send(cancelOf(2, 7, 11)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), expired);
    assert.deepEqual(market.send(cancelOf(2, 7, 12)), ['result UNKNOWN_ORDER of 4101']);
  });

  test('sessions share the room for results', () => {
    const market = new TestMarket(makeEngine({ resultCapacity: 4_096 }), { maker: 0, taker: 0 });
    const sends = (session: number, first: number, count: number) => {
      const ids = Array.from({ length: count }, (_, index) => first + index);
      market.raw(concatenate(ids.map((id) => commandRecord(cancelOf(2, session, id)))));
    };
    sends(1, 1, 600);
    sends(2, 1, 1_500);
    sends(1, 601, 100);
    sends(3, 1, 2_500);
    // 4,701 commands so far; the next is the 4,702nd and keeps what came from the 607th on.
    assert.deepEqual(market.send(cancelOf(2, 1, 600)), expired);
    assert.deepEqual(market.send(cancelOf(2, 1, 601)), ['result UNKNOWN_ORDER of 2102']);
    assert.deepEqual(market.send(cancelOf(2, 1, 700)), ['result UNKNOWN_ORDER of 2201']);
    assert.deepEqual(market.send(cancelOf(2, 2, 476)), expired);
    assert.deepEqual(market.send(cancelOf(2, 2, 477)), ['result UNKNOWN_ORDER of 1078']);
    assert.deepEqual(market.send(cancelOf(2, 3, 1_477)), ['result UNKNOWN_ORDER of 3678']);
  });
}

function searchTests(makeEngine: MakeEngine): void {
  for (const resultCapacity of [2 ** 12, 2 ** 16]) {
    test(`whatever is asked again, and how often, of ${resultCapacity} results`, () => {
      const market = new TestMarket(makeEngine({ resultCapacity }), { maker: 0, taker: 0 });
      const made: { readonly id: number; readonly sequence: number }[] = [];
      /** Requests with even ids, two of somebody else's between them. */
      const make = (count: number) => {
        const first = Number(market.engine.sequence) + 1;
        const records = Array.from({ length: count }, (_, index) => {
          const id = 2 * made.length + 2;
          made.push({ id, sequence: first + 3 * index });
          const others = [0, 1].map((one) => commandRecord(cancelOf(3, 7, 2 * id + one)));
          return concatenate([commandRecord(cancelOf(2, 7, id)), ...others]);
        });
        market.raw(concatenate(records));
      };
      const expected = (id: number, sequence: number) => {
        const kept = made.slice(-1_024).filter((one) => one.sequence + resultCapacity > sequence);
        const found = kept.find((one) => one.id === id);
        if (found !== undefined) return `result UNKNOWN_ORDER of ${found.sequence}`;
        const isAfter = kept.length > 0 && id > (kept[0]?.id ?? 0);
        return isAfter || kept.length === made.length ? superseded[0] : expired[0];
      };
      const askAll = (step: number, from = 0) => {
        const last = 2 * made.length;
        const ids = Array.from({ length: 700 }, (_, index) => 1 + ((from + index * step) % last));
        const first = Number(market.engine.sequence) + 1;
        const asked = concatenate(ids.map((id) => commandRecord(cancelOf(2, 7, id))));
        const wanted = ids.map((id, index) => expected(id, first + index));
        assert.deepEqual(describeEvents(market.raw(asked)), wanted);
      };
      make(900);
      askAll(7);
      make(300);
      askAll(11);
      // Writes over what is within the window of the smaller ring.
      for (const [count, step] of [[100, 13] as const, [5, 3] as const, [31, 1] as const]) {
        make(count);
        const next = Number(market.engine.sequence) + 1;
        // From the oldest on that is kept: it is the next one to go.
        askAll(1, made.find((one) => one.sequence + resultCapacity > next)?.id);
        askAll(step);
      }
    });
  }
}

function sessionTests(makeEngine: MakeEngine): void {
  test('an account has 256 sessions at most, operators as many as they like', () => {
    const market = newMarket(makeEngine);
    const most = MAX_SESSIONS_PER_ACCOUNT;
    for (let session = 0; session < most; session += 1) {
      assert.deepEqual(market.send(cancelOf(2, session * 3, 1)), refused);
    }
    const limit = ['rejected SESSION_LIMIT'];
    assert.deepEqual(market.send(cancelOf(2, 1, 1)), limit);
    assert.deepEqual(market.send(cancelOf(2, 1, 1)), limit);
    assert.deepEqual(market.send(cancelOf(2, 65_535, 1)), limit);
    assert.deepEqual(market.send(cancelOf(2, 3, 2)), refused);
    assert.deepEqual(market.send(cancelOf(2, 3, 2)).length, 1);
    assert.deepEqual(market.send(cancelOf(3, 1, 1)), refused);
    for (let session = 0; session < most + 10; session += 1) {
      const clock = { kind: CommandKind.CLOCK, session: 100 + session, requestId: 1 };
      assert.notDeepEqual(market.send(clock), limit);
    }
  });

  test('room for sessions, asked for after the limit of an account', () => {
    const full = ['rejected CAPACITY'];
    const market = new TestMarket(makeEngine({ sessionCapacity: 3 }), { maker: 0, taker: 0 });
    assert.deepEqual(market.send(cancelOf(2, 7, 1)), refused);
    assert.deepEqual(market.send(cancelOf(2, 8, 1)), refused);
    assert.deepEqual(market.send(cancelOf(2, 9, 1)), full);
    assert.deepEqual(market.send(cancelOf(2, 9, 1)), full);
    assert.deepEqual(market.send(cancelOf(2, 9, 0)), superseded);
    assert.deepEqual(market.send(cancelOf(3, 7, 1)), full);
    assert.deepEqual(market.send({ kind: CommandKind.CLOCK, session: 2, requestId: 1 }), full);
    assert.deepEqual(market.send(cancelOf(2, 7, 2)), refused);
    const most = MAX_SESSIONS_PER_ACCOUNT;
    const small = new TestMarket(makeEngine({ sessionCapacity: most + 1 }), { maker: 0, taker: 0 });
    for (let session = 0; session < most; session += 1) small.send(cancelOf(2, session, 1));
    assert.deepEqual(small.send(cancelOf(2, most, 1)), ['rejected SESSION_LIMIT']);
    assert.deepEqual(small.send(cancelOf(3, most, 1)), full);
  });

  test('an account that no client owns has no session to use up', () => {
    const market = newMarket(makeEngine);
    for (const account of [0, 1, 2 ** 24, 2 ** 32 - 1]) {
      assert.deepEqual(market.send(cancelOf(account, 9, 1_000)), ['rejected INVALID_ACCOUNT']);
    }
    const deposit = { kind: CommandKind.DEPOSIT, account: 2, amount: 1, session: 9 };
    assert.deepEqual(market.send({ ...deposit, requestId: 1 }), ['deposit 2 base 1: 1+0']);
  });

  test('thousands of sessions and accounts', () => {
    const market = newMarket(makeEngine);
    const accounts = Array.from({ length: 5_000 }, (_, index) => 2 + index * 3_355);
    for (const account of accounts) {
      assert.deepEqual(market.deposit(account, Asset.QUOTE, account), [
        `deposit ${account} quote ${account}: ${account}+0`,
      ]);
      assert.deepEqual(market.send(cancelOf(account, account & 0xffff, 1)), refused);
    }
    accounts.forEach((account, index) => {
      assert.deepEqual(market.send(cancelOf(account, account & 0xffff, 1)), [
        `result UNKNOWN_ORDER of ${3 + 2 * index}`,
      ]);
      assert.equal(market.engine.balance(account).quoteAvailable, BigInt(account));
    });
  });
}

function outcomeTests(makeEngine: MakeEngine): void {
  test('a question tells what became of a request, and changes nothing', () => {
    const market = newMarket(makeEngine);
    const { engine } = market;
    const outcomeOf = (requestId: number | bigint, account = 2, session = 7) => {
      const { kind, sequence, code, lastRequestId } = engine.outcomeOf(
        account,
        session,
        BigInt(requestId),
      );
      return `${kind} ${sequence} ${code} of ${lastRequestId}`;
    };
    assert.equal(outcomeOf(0), 'superseded 0 0 of 0');
    assert.equal(outcomeOf(1), 'not_seen 0 0 of 0');
    market.send(cancelOf(2, 7, 10));
    market.send(cancelOf(2, 8, 4));
    market.send(cancelOf(2, 7, 2n ** 60n));
    const before = engine.stateHash();
    assert.equal(outcomeOf(10), `executed 2 209 of ${2n ** 60n}`);
    assert.equal(outcomeOf(9), `superseded 0 0 of ${2n ** 60n}`);
    assert.equal(outcomeOf(11), `superseded 0 0 of ${2n ** 60n}`);
    assert.equal(outcomeOf(2n ** 60n), `executed 4 209 of ${2n ** 60n}`);
    assert.equal(outcomeOf(2n ** 64n - 1n), `not_seen 0 0 of ${2n ** 60n}`);
    assert.equal(outcomeOf(4, 2, 8), 'executed 3 209 of 4');
    assert.equal(outcomeOf(4, 3, 8), 'not_seen 0 0 of 0');
    assert.equal(outcomeOf(4, 2 ** 32 + 2, 8), 'not_seen 0 0 of 0');
    assert.equal(engine.stateHash(), before);
    assert.deepEqual(market.send(cancelOf(2, 7, 10)), ['result UNKNOWN_ORDER of 2']);
  });

  test('a question tells nothing of a request that is older than the window', () => {
    const market = newMarket(makeEngine);
    for (let requestId = 1; requestId <= 1_025; requestId += 1) {
      market.send(cancelOf(2, 7, requestId));
    }
    assert.equal(market.engine.outcomeOf(2, 7, 1n).kind, 'expired');
    assert.equal(market.engine.outcomeOf(2, 7, 2n).kind, 'executed');
    assert.equal(market.engine.outcomeOf(2, 7, 2n).sequence, 3n);
  });
}
