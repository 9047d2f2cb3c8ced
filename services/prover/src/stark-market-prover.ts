// SPDX-License-Identifier: GPL-3.0-or-later
import type { DecodedStarkEpoch, StarkGenesis } from '@foldbook/verifier';
import { ChainProver, type ChainProverOptions } from './chain-prover.ts';
import { type PlannedStark, StarkChain, type StarkChainOptions } from './stark-chain.ts';
import { STARK_FOLDER, STARK_NAME } from './stark-store.ts';

export interface StarkMarketProverOptions extends ChainProverOptions, StarkChainOptions {}

/** Proves a market's STARK chain. */
export class StarkMarketProver extends ChainProver<StarkGenesis, DecodedStarkEpoch, PlannedStark> {
  constructor(options: StarkMarketProverOptions) {
    super(options, {
      ...{ folder: STARK_FOLDER, name: STARK_NAME, devKeys: false },
      open: (progress) => StarkChain.open(options, progress),
    });
  }
}
