// SPDX-License-Identifier: GPL-3.0-or-later
import type { EpochPublished } from '@foldbook/protocol';
import type { DecodedEpoch, Genesis } from '@foldbook/verifier';
import { areInsecure } from './chain-context.ts';
import { ChainProver, type ChainProverOptions } from './chain-prover.ts';
import type { PlannedOnTree } from './epoch-planner.ts';
import { PoseidonChain, type PoseidonChainOptions } from './poseidon-chain.ts';

export interface MarketProverOptions extends ChainProverOptions, PoseidonChainOptions {
  readonly onPublished: (published: EpochPublished) => void;
}

/** Proves a market's Poseidon chain. */
export class MarketProver extends ChainProver<Genesis, DecodedEpoch, PlannedOnTree> {
  constructor(options: MarketProverOptions) {
    super(options, {
      folder: '',
      devKeys: areInsecure(options.circuits),
      open: (progress) => PoseidonChain.open(options, progress),
    });
  }
}
