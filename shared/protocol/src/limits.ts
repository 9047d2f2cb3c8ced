/** Widths and sizes that every part relies on. Changing one is a new protocol version. */

export const MAX_ACCOUNT = 2 ** 24 - 1;
export const MAX_SESSION = 2 ** 16 - 1;
/** Ticks. */
export const MAX_PRICE = 2n ** 36n - 1n;
/** Lots. */
export const MAX_QUANTITY = 2n ** 48n - 1n;
/** Price x quantity and every balance stay below this. */
export const NOTIONAL_LIMIT = 2n ** 63n;
export const MAX_AMOUNT = NOTIONAL_LIMIT - 1n;
/** Either rate, either sign; ten percent. */
export const MAX_FEE_PPM = 100_000;
export const PPM = 1_000_000n;
export const MAX_BAND_PPM = 1_000_000;
export const FEE_TIERS = 16;
export const MAX_SYMBOL = 8;
export const MAX_DECIMALS = 18;

/** Results of a session that a resend is answered from. */
export const RESULT_WINDOW = 1_024;
/** Sessions of one client account. */
export const MAX_SESSIONS_PER_ACCOUNT = 256;
/** Orders that one PURGE or CANCEL_ALL cancels, and those of fired timers with one command. */
export const MAX_PURGE = 1_024;

/** Commands in one message of a client. */
export const MAX_COMMANDS_PER_MESSAGE = 1_024;
/** Commands in one committed group. */
export const MAX_COMMANDS_PER_GROUP = 8_192;
/** Bytes of a client's message, either encoding. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
/** Open orders in one answer. */
export const MAX_OPEN_ORDERS_ANSWER = 4_096;
/** Bytes of one answer that tells missed reports: below a broker's default of 1 MiB. */
export const MAX_REPORT_ANSWER_BYTES = 1000 * 1024;
/** What a service's largest message may take, subject and headers included; a broker's default. */
export const BROKER_MESSAGE_BYTES = 1024 * 1024;
/** Settlement records of one epoch: what the 32 bits of an epoch header count. */
export const MAX_EPOCH_RECORDS = 2 ** 32 - 1;
export const MAX_MARKET_NAME = 32;
/** Levels a side that the market-data checksum covers. */
export const CHECKSUM_LEVELS = 10;
