/** Snapshots in this process's memory: for tests and simulations. */
import { hash } from 'node:crypto';
import {
  checkSnapshotName,
  noSnapshot,
  type SnapshotDraft,
  type SnapshotInfo,
  type SnapshotStore,
} from './snapshot-store.ts';

interface Kept {
  readonly info: SnapshotInfo;
  readonly content: Uint8Array;
}

export class MemorySnapshotStore implements SnapshotStore {
  readonly description = 'snapshots in memory';
  readonly #kept = new Map<string, Kept>();

  async draft(name: string): Promise<SnapshotDraft> {
    checkSnapshotName(name);
    let chunks: Uint8Array[] = [];
    return {
      write: async (chunk) => void chunks.push(chunk.slice()),
      finish: async () => {
        const content = new Uint8Array(Buffer.concat(chunks));
        const sizeBytes = content.byteLength;
        const info = { name, sizeBytes, sha256: hash('sha256', content, 'hex'), isWhole: true };
        this.#kept.set(name, { info, content });
        return info;
      },
      abort: async () => {
        chunks = [];
      },
    };
  }

  async list(prefix: string): Promise<SnapshotInfo[]> {
    const infos = [...this.#kept.values()].map(({ info }) => info);
    return infos.filter(({ name }) => name.startsWith(prefix)).sort(byName);
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    const kept = this.#kept.get(name);
    if (kept === undefined) throw noSnapshot(name, this.description);
    yield kept.content.slice();
  }

  async remove(name: string): Promise<void> {
    this.#kept.delete(name);
  }
}

export const byName = (left: SnapshotInfo, right: SnapshotInfo) =>
  left.name < right.name ? -1 : Number(left.name > right.name);
