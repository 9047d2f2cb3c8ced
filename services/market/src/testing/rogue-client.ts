/** A client process that breaks the rules. */
export {};
