/** Between the thread that replays and those of its strategies. */

/** As the thread starts. */
export interface StrategyData {
  readonly path: string;
  readonly memory: WebAssembly.Memory;
}

export interface StrategyGo {
  /** Of the ring's words, and of its frames. */
  readonly ring: number;
  readonly ringBytes: number;
  readonly frames: readonly number[];
  /** Features of a frame, and the places of this strategy's among them. */
  readonly featureCount: number;
  readonly columns: readonly number[];
  readonly reader: number;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
}

/** To a strategy's thread. */
export type ToStrategy =
  | { readonly type: 'go'; readonly go: StrategyGo }
  | { readonly type: 'instruments'; readonly names: readonly string[] };

/** From it. */
export type FromStrategy =
  | { readonly type: 'ready'; readonly features: readonly string[] }
  | { readonly type: 'ended'; readonly result: unknown }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
