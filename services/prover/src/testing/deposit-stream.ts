// SPDX-License-Identifier: GPL-3.0-or-later
import { DiffScript, depositBase } from './diff-script.ts';
import { MemoryStream } from './memory-stream.ts';

export interface DepositStream {
  readonly market: string;
  readonly epochs: number;
  /** Deposits of one unit in each epoch, to as many accounts in turn. */
  readonly deposits: number;
  readonly accounts: number;
}

/** The settlement stream of a market whose epochs are all alike. Tests only. */
export function depositStream({ market, epochs, deposits, accounts }: DepositStream): MemoryStream {
  const stream = new MemoryStream();
  const script = new DiffScript(7).create(0, 0);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const moves = Array.from({ length: deposits }, (_, n) => depositBase(2 + (n % accounts), 1n));
    stream.append(`diff.0.${market}`, script.move(...moves).closeEpoch());
  }
  return stream;
}
