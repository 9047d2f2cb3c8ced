/**
 * For `bench memory` alone, no part of the kernel: its pools as they are, without what commands do
 * besides.
 */
import { allocateBlock, freeBlock } from './memory';
import { allocateOrder, freeOrder, nextOf, setNext } from './orders';

let last: usize = 0;

/** Takes `count` orders, and keeps them. */
export function allocateOrders(count: u32): void {
  for (let order: u32 = 0; order < count; order += 1) {
    const taken = allocateOrder();
    setNext(taken, last);
    last = taken;
  }
}

/** Gives all of them back. */
export function freeOrders(): void {
  while (last != 0) {
    const order = last;
    last = nextOf(order);
    freeOrder(order);
  }
}

/** Takes a block of 2^shift bytes and gives it back, `count` times. */
export function turnBlocks(count: u32, shift: u32): void {
  for (let block: u32 = 0; block < count; block += 1) freeBlock(allocateBlock(shift), shift);
}
