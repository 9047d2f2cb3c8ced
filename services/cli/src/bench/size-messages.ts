/** What `bench sizes` asks its measuring process. */
import type { PinResult } from '@foldbook/runtime';

/** What a market has while commands are timed. */
export interface Size {
  readonly markets: number;
  /** Resting orders of each market. */
  readonly orders: number;
  /** Accounts of each market. */
  readonly accounts: number;
}

export interface SizeAsk extends Size {
  /** Timed ones, of all markets together; each has as many. */
  readonly commands: number;
}

export interface SizeRun {
  readonly nsPerCommand: number;
  readonly commands: number;
  /** Of the kernel's memory, before the accounts came, after them, and with the orders. */
  readonly emptyBytes: number;
  readonly accountsBytes: number;
  readonly ordersBytes: number;
  /** As many orders are open at the end as the workload says. */
  readonly isRight: boolean;
}

export type SizeQuestions = {
  readonly prepare: { readonly asked: { readonly core: number }; readonly answer: PinResult };
  readonly run: { readonly asked: SizeAsk; readonly answer: SizeRun };
};
