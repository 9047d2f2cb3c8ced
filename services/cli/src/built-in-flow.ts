/**
 * A realistic flow without a file: a price that wanders, orders placed around it with most of the
 * depth near the touch, cancels and replaces of live orders, and aggressive orders that trade.
 * Seeded, so that a run can be repeated.
 */

import type { Draft } from '@foldbook/client';
import { CommandKind, Side, TimeInForce } from '@foldbook/protocol';
import type { Flow, FlowMessage } from './order-file.ts';

/** Of a hundred messages. */
const CANCELS = 34;
const REPLACES = 8;
const AGGRESSIVE = 10;

const START_PRICE = 50_000;
const LOWEST_PRICE = 1_000;

interface Resting {
  readonly id: bigint;
  readonly sender: number;
  readonly side: Side;
  readonly price: number;
}

type NewOrder = Extract<Draft, { readonly kind: typeof CommandKind.NEW }>;
type Replacement = Extract<Draft, { readonly kind: typeof CommandKind.REPLACE }>;

/** Mulberry32 (Tommy Ettinger, public domain): small, and good enough for a demonstration. */
function randomSource(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function builtInFlow(length: number, accounts: number, seed: number): Flow {
  return {
    length,
    name: `built-in flow, seed ${seed}`,
    messages: () => generate(length, accounts, seed),
  };
}

function* generate(length: number, accounts: number, seed: number): Generator<FlowMessage> {
  const random = randomSource(seed);
  const live: Resting[] = [];
  let middle = START_PRICE;
  let nextId = 1n;
  for (let index = 0; index < length; index += 1) {
    if (random(40) === 0) middle = Math.max(LOWEST_PRICE, middle + random(5) - 2);
    const dice = random(100);
    if (dice < CANCELS + REPLACES && live.length > 100) {
      const place = farthest(live, middle, random);
      const target = live[place];
      if (target === undefined) continue;
      if (dice < CANCELS) {
        live[place] = live.at(-1) ?? target;
        live.pop();
        yield {
          sender: target.sender,
          draft: { kind: CommandKind.CANCEL, clientOrderId: target.id },
        };
      } else {
        const draft = replacement(target.id, target.side, middle, random);
        live[place] = { ...target, price: Number(draft.price) };
        yield { sender: target.sender, draft };
      }
      continue;
    }
    const side = random(2) === 0 ? Side.BUY : Side.SELL;
    const sender = random(accounts);
    const id = nextId;
    nextId += 1n;
    const isAggressive = dice >= 100 - AGGRESSIVE;
    const draft = newOrder(id, side, middle, isAggressive, random);
    if (!isAggressive) live.push({ id, sender, side, price: Number(draft.price) });
    yield { sender, draft };
  }
}

/** Quotes that the price has left behind are the ones that get pulled: of four, the farthest. */
function farthest(
  live: readonly Resting[],
  middle: number,
  random: (below: number) => number,
): number {
  let best = 0;
  let distance = Number.NEGATIVE_INFINITY;
  for (let candidate = 0; candidate < 4; candidate += 1) {
    const place = random(live.length);
    const order = live[place];
    if (order === undefined) continue;
    const away = order.side === Side.BUY ? middle - order.price : order.price - middle;
    if (away > distance) {
      best = place;
      distance = away;
    }
  }
  return best;
}

function passivePrice(side: Side, middle: number, random: (below: number) => number): bigint {
  // Squaring puts most orders within a few ticks of the middle.
  const distance = 1 + Math.floor(random(20) ** 2 / 8);
  return BigInt(side === Side.BUY ? middle - distance : middle + distance);
}

function newOrder(
  clientOrderId: bigint,
  side: Side,
  middle: number,
  isAggressive: boolean,
  random: (below: number) => number,
): NewOrder {
  const reach = side === Side.BUY ? 8 : -8;
  return {
    kind: CommandKind.NEW,
    clientOrderId,
    side,
    price: isAggressive ? BigInt(middle + reach) : passivePrice(side, middle, random),
    quantity: BigInt(1 + random(50)),
    timeInForce: isAggressive ? TimeInForce.IOC : TimeInForce.GTC,
  };
}

function replacement(
  clientOrderId: bigint,
  side: Side,
  middle: number,
  random: (below: number) => number,
): Replacement {
  return {
    kind: CommandKind.REPLACE,
    clientOrderId,
    price: passivePrice(side, middle, random),
    quantity: BigInt(1 + random(50)),
    timeInForce: TimeInForce.GTC,
  };
}
