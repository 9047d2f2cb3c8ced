/** Where commands keep things unless they are told otherwise, relative to the current folder. */
export const DEFAULT_DATA_DIR = '.foldbook/demo';
export const DEFAULT_PROOF_DIR = `${DEFAULT_DATA_DIR}/proofs`;
/** Of `up`. */
export const DEFAULT_NODE_DIR = '.foldbook/node';
