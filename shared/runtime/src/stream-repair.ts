/** Puts back from a copy what a stream has lost at its end. */
import { StreamError, type StreamReader, type StreamWriter } from './stream.ts';
import { type Comparison, compareStreams } from './stream-comparison.ts';

export interface RepairParts {
  /** Name of the stream, for people. */
  readonly name: string;
  readonly copy: StreamReader;
  /** Sequences that the copy has, the last included. */
  readonly first: number;
  readonly last: number;
  readonly stream: StreamReader;
  readonly holes: () => Promise<readonly number[]>;
  /** Whether there is a stream at all; where there is none it is made. */
  readonly isThere: boolean;
  /** Opens it for writing; made anew, it begins with the copy's first sequence. */
  readonly open: () => Promise<StreamWriter>;
  /** Told before anything is changed; nothing is if it answers false. */
  readonly onPlan: (plan: RepairPlan) => Promise<boolean>;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

export interface RepairPlan {
  /** Where the stream ends now; 0 for none. */
  readonly streamLast: number;
  /** Records that both have, and that were found to be alike. */
  readonly compared: number;
  /** Sequences that are missing at the stream's end; none if the first is behind the last. */
  readonly from: number;
  readonly to: number;
}

/** Appends that may be under way. */
const WINDOW = 256;

/**
 * Compares all that both have, then appends what the stream lacks, each record behind the very
 * sequence that was before it in the copy. Resolves with how many were appended.
 * Rejects with StreamError CORRUPT for a stream that differs, GAP for one that has a hole or ends
 * before the copy begins, STALE_WRITER if somebody else appends, and as reading and writing do.
 */
export async function repairStream(parts: RepairParts): Promise<number> {
  const { name, copy, first, last, onPlan, onProgress } = parts;
  const found = await compareStreams(parts);
  refuseOther(found, name);
  const { streamLast, compared } = found;
  const plan = { streamLast, compared, from: streamLast + 1, to: last };
  if (!parts.isThere) plan.from = first;
  else if (streamLast + 1 < first) {
    throw new StreamError(
      'GAP',
      `${name} ends at ${streamLast}, and the copy begins at ${first}: what is between them is ` +
        'lost to both. Restore the stream from a newer copy; or remove it if it is no use, and ' +
        `it is made to begin at ${first}, which serves where there are checkpoints behind that`,
    );
  }
  if (!(await onPlan(plan)) || plan.from > plan.to) return 0;
  const writer = await parts.open();
  try {
    const records = copy.read({ fromSequence: plan.from, follow: false });
    let appends: Promise<void>[] = [];
    let done = 0;
    for await (const { sequence, subject, payload } of records) {
      if (sequence > plan.to) break;
      const append = writer.append(subject, payload).then((at) => checkPlace(name, at, sequence));
      // Told below, when the window is full.
      append.catch(() => undefined);
      appends.push(append);
      done += 1;
      if (appends.length < WINDOW) continue;
      await Promise.all(appends);
      appends = [];
      onProgress?.(done, plan.to - plan.from + 1);
    }
    await Promise.all(appends);
    return done;
  } finally {
    await writer.close();
  }
}

function refuseOther(
  found: Comparison,
  name: string,
): asserts found is Extract<Comparison, { readonly compared: number }> {
  if (found.kind === 'differs') {
    throw new StreamError(
      'CORRUPT',
      `${name} differs from the copy at ${found.sequence}: ${found.what}. Nothing is appended to ` +
        'it: one of the two is another log, and which of them counts is for people to decide',
    );
  }
  if (found.kind === 'hole') {
    throw new StreamError(
      'GAP',
      `${name} has a hole at ${found.sequence}: ${found.what}. A broker takes records at the end ` +
        'only: restore its data from a copy; or keep a backup of the stream, remove it, and run ' +
        'this again, which then writes it anew, from the first record of the copy on',
    );
  }
}

function checkPlace(name: string, at: number, sequence: number): void {
  if (at === sequence) return;
  const text = `${name} took record ${sequence} of the copy as ${at}`;
  throw new StreamError('CORRUPT', `${text}: remove the stream, and write it anew`);
}
