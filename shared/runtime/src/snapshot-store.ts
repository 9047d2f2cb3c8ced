/**
 * The snapshot port: named files of any size, written and read in chunks, that are there whole or
 * not at all. A name appears when its draft is finished; a crash before that leaves nothing of it.
 */

export interface SnapshotInfo {
  readonly name: string;
  /** Of its content. */
  readonly sizeBytes: number;
  /** SHA-256 of its content in hexadecimal, as its writer sealed it. */
  readonly sha256: string;
  /**
   * Whether what can be seen without reading the content is right. The content is checked against
   * the seal by whoever reads it.
   */
  readonly isWhole: boolean;
}

export interface SnapshotDraft {
  /**
   * Adds to the content, in order: one call at a time. The chunk may be used again once it
   * resolves. Rejects with SnapshotError IO_FAILED, UNAVAILABLE; the draft can only be aborted
   * then.
   */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Seals it and gives it its name, in the place of a former one; resolves once it is durable.
   * Once. Rejects with SnapshotError IO_FAILED, UNAVAILABLE (it may have its name or not).
   */
  finish(): Promise<SnapshotInfo>;
  /** Leaves nothing of it, as far as that can be had now; never rejects. */
  abort(): Promise<void>;
}

export interface SnapshotStore {
  /** For people: where snapshots are kept. */
  readonly description: string;
  /**
   * @param name of 1 to 200 letters, digits and `._=-`, not beginning with a point
   * Rejects with SnapshotError BAD_NAME, IO_FAILED, UNAVAILABLE.
   */
  draft(name: string): Promise<SnapshotDraft>;
  /** Those whose names begin so, ordered by name; what has no name of a snapshot is left out. */
  list(prefix: string): Promise<SnapshotInfo[]>;
  /**
   * The content in chunks. Nothing of it is to be used before the end was reached: only there is it
   * known to be what was sealed. Throws SnapshotError NO_SNAPSHOT, DAMAGED, IO_FAILED, UNAVAILABLE.
   */
  read(name: string): AsyncIterable<Uint8Array>;
  /** Resolves, too, when there is none. Rejects with SnapshotError IO_FAILED, UNAVAILABLE. */
  remove(name: string): Promise<void>;
  /**
   * Takes away what writers that are gone left half written, where drafts do not show by themselves
   * who writes them. For a writer that is the only one now, before its first draft: others who
   * have the store open may be about to be. Rejects with SnapshotError IO_FAILED, UNAVAILABLE.
   */
  removeLeftovers?(): Promise<void>;
}

export type SnapshotErrorCode =
  | 'NO_SNAPSHOT'
  /** Torn, changed, or nothing that this store wrote. */
  | 'DAMAGED'
  | 'BAD_NAME'
  | 'BAD_CONFIG'
  | 'IO_FAILED'
  | 'UNAVAILABLE';

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly code: SnapshotErrorCode;

  constructor(code: SnapshotErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Throws SnapshotError BAD_NAME. */
export function checkSnapshotName(name: string): void {
  if (/^[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,199}$/.test(name)) return;
  const rule = 'use 1 to 200 of A-Z, a-z, 0-9, ".", "_", "=" and "-", no point in front';
  throw new SnapshotError('BAD_NAME', `${JSON.stringify(name)} is no name of a snapshot: ${rule}`);
}

export function noSnapshot(name: string, where: string): SnapshotError {
  return new SnapshotError('NO_SNAPSHOT', `no snapshot ${name} in ${where}`);
}

export function damagedSnapshot(name: string, where: string, what: string): SnapshotError {
  const mend = 'remove it; an older one, or the log, serves in its place';
  return new SnapshotError('DAMAGED', `${name} in ${where} is damaged: ${what}; ${mend}`);
}

/** Writes all chunks; the draft is the caller's to finish or to abort. Aborted if it rejects. */
export async function writeSnapshot(
  store: SnapshotStore,
  name: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<SnapshotDraft> {
  const draft = await store.draft(name);
  try {
    for await (const chunk of chunks) await draft.write(chunk);
    return draft;
  } catch (error) {
    await draft.abort();
    throw error;
  }
}

/** Reads a snapshot through, for nothing but its seal. Rejects as reading it throws. */
export async function checkSnapshot(store: SnapshotStore, name: string): Promise<void> {
  const chunks = store.read(name)[Symbol.asyncIterator]();
  while ((await chunks.next()).done !== true);
}
