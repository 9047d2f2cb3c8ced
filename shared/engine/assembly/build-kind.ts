/** Which of the builds that share these modules this is. */

/** The replay of market data (shared/history), whose build defines REPLAY. */
export const IS_REPLAY: bool = isDefined(REPLAY);
