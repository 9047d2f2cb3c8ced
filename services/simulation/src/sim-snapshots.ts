/** Snapshots at the broker, and the snapshot port over a line to it. */
import { hash } from 'node:crypto';
import {
  damagedSnapshot,
  noSnapshot,
  type SnapshotDraft,
  SnapshotError,
  type SnapshotInfo,
  type SnapshotStore,
  StreamError,
} from '@foldbook/runtime';
import type { OnReached } from './ambush.ts';
import type { Coverage } from './coverage.ts';
import type { SimBroker } from './sim-broker.ts';
import { SimDisk, type SimDiskParts } from './sim-disk.ts';
import type { StoreApi } from './store-api.ts';

const PAGE_BYTES = 64 * 1024;

interface Kept {
  readonly info: SnapshotInfo;
  readonly content: Uint8Array;
}

export interface SimSnapshotsParts extends SimDiskParts {
  readonly coverage: Coverage;
}

export class SimSnapshots {
  readonly #parts: SimSnapshotsParts;
  readonly #disk: SimDisk;
  readonly #kept = new Map<string, Kept>();
  /** Pieces of what has no name yet, by their numbers. */
  readonly #drafts = new Map<string, Map<number, Uint8Array>>();

  constructor(parts: SimSnapshotsParts) {
    this.#parts = parts;
    this.#disk = new SimDisk(parts);
  }

  write(draft: string, number: number, piece: Uint8Array): void {
    const pieces = this.#drafts.get(draft) ?? new Map<number, Uint8Array>();
    this.#drafts.set(draft, pieces);
    pieces.set(number, piece);
    this.#disk.wrote(() => void pieces.delete(number));
  }

  /** Gives a draft its name, with all that is there of it; the seal is its writer's. */
  finish(draft: string, info: SnapshotInfo): void {
    const pieces = this.#drafts.get(draft);
    // Asked twice.
    if (pieces === undefined) return;
    const inOrder = [...pieces].sort(([a], [b]) => a - b).map(([, piece]) => piece);
    this.#drafts.delete(draft);
    this.#put(info.name, { info, content: new Uint8Array(Buffer.concat(inOrder)) });
    this.#parts.coverage.add(
      info.name.endsWith('.manifest') ? 'manifests written' : 'checkpoints written',
    );
  }

  abort(draft: string): void {
    this.#drafts.delete(draft);
  }

  list(prefix: string): SnapshotInfo[] {
    const names = [...this.#kept.keys()].filter((name) => name.startsWith(prefix)).sort();
    return names.flatMap((name) => this.#kept.get(name)?.info ?? []);
  }

  find(name: string): Kept | undefined {
    return this.#kept.get(name);
  }

  remove(name: string): void {
    this.#put(name, undefined);
  }

  /** One of them is changed, cut off or taken away, on a disk that nobody trusts. */
  spoil(): void {
    const { dice, coverage } = this.#parts;
    const names = [...this.#kept.keys()];
    const name = names[dice.below(names.length)];
    const kept = name === undefined ? undefined : this.#kept.get(name);
    if (name === undefined || kept === undefined) return;
    coverage.add('snapshots spoiled');
    if (dice.oneIn(3)) {
      this.#kept.delete(name);
      return;
    }
    const isCut = dice.oneIn(2);
    const at = dice.below(kept.content.byteLength);
    const content = isCut ? kept.content.slice(0, at) : kept.content.slice();
    if (!isCut) content[at] = (content[at] ?? 0) ^ 0x55;
    this.#kept.set(name, { info: kept.info, content });
  }

  losePower(): void {
    this.#disk.losePower();
  }

  sync(): void {
    this.#disk.sync();
  }

  #put(name: string, kept: Kept | undefined): void {
    const before = this.#kept.get(name);
    this.#disk.wrote(() => this.#set(name, before));
    this.#set(name, kept);
  }

  #set(name: string, kept: Kept | undefined): void {
    if (kept === undefined) this.#kept.delete(name);
    else this.#kept.set(name, kept);
  }
}

export class SimSnapshotStore implements SnapshotStore {
  readonly description = 'simulated snapshots';
  readonly #api: StoreApi;
  readonly #onReached: OnReached;

  constructor(api: StoreApi, onReached: OnReached) {
    this.#api = api;
    this.#onReached = onReached;
  }

  async draft(name: string): Promise<SnapshotDraft> {
    const draft = this.#api.broker.newWriterId();
    const chunks: Uint8Array[] = [];
    const write = async (chunk: Uint8Array) => {
      const piece = chunk.slice();
      chunks.push(piece);
      const number = chunks.length;
      await this.#ask(`write ${name} ${number}`, ({ snapshots }) =>
        snapshots.write(draft, number, piece),
      );
    };
    const finish = async () => {
      const content = Buffer.concat(chunks);
      const sha256 = hash('sha256', content, 'hex');
      const info = { name, sizeBytes: content.byteLength, sha256, isWhole: true };
      this.#onReached(name.endsWith('.manifest') ? 'manifest' : 'checkpoint');
      await this.#ask(`name ${name}`, ({ snapshots }) => snapshots.finish(draft, info));
      return info;
    };
    const abort = () =>
      this.#ask(`abort ${name}`, ({ snapshots }) => snapshots.abort(draft)).catch(() => undefined);
    return { write, finish, abort };
  }

  list(prefix: string): Promise<SnapshotInfo[]> {
    return this.#ask(`list ${prefix}`, ({ snapshots }) => snapshots.list(prefix));
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    this.#onReached('restore');
    const kept = await this.#ask(`find ${name}`, ({ snapshots }) => snapshots.find(name));
    if (kept === undefined) throw noSnapshot(name, this.description);
    const { content, info } = kept;
    for (let at = 0; at < content.byteLength; at += PAGE_BYTES) {
      const found = await this.#ask(`read ${name} ${at}`, ({ snapshots }) => snapshots.find(name));
      if (found === undefined) throw noSnapshot(name, this.description);
      if (found !== kept) throw damagedSnapshot(name, this.description, 'it was written anew');
      yield content.slice(at, at + PAGE_BYTES);
    }
    if (hash('sha256', content, 'hex') === info.sha256) return;
    throw damagedSnapshot(name, this.description, 'it is not what its seal says');
  }

  remove(name: string): Promise<void> {
    return this.#ask(`remove ${name}`, ({ snapshots }) => snapshots.remove(name));
  }

  async #ask<Answer>(what: string, ask: (broker: SimBroker) => Answer): Promise<Answer> {
    try {
      return await this.#api.ask(what, ask);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      throw new SnapshotError('UNAVAILABLE', error.message, { cause: error });
    }
  }
}
