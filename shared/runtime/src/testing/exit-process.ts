/** A process that ends at once, for tests that need the id of one that is gone. */
process.disconnect?.();
