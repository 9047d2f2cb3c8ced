import { RECORD_BYTES } from '@foldbook/protocol';

/** Records of one batch: what a broker's default message of 1 MiB holds besides the header. */
export const MAX_BATCH_RECORDS = (1024 * 1024) / RECORD_BYTES - 1;
