/** The bytes are no valid statement or proof. The message says what is wrong with them. */
export class Refusal extends Error {
  override name = 'Refusal';
}

export function require(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Refusal(reason);
}
