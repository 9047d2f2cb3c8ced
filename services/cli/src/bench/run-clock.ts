/** The clock that both threads of a benchmark read. */
export { clockSince } from '@foldbook/runtime';
