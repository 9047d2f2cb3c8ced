/** The other thread of ring.test.ts: sends numbered slots in batches of random sizes. */
import { workerData } from 'node:worker_threads';
import { RingProducer } from '../ring.ts';
import { SLOT_BYTES } from '../ring-descriptor.ts';
import { randomWords } from './random-words.ts';

export interface RingProducerData {
  readonly ring: SharedArrayBuffer;
  readonly total: number;
  readonly seed: number;
  readonly maxBatch: number;
}

/** What slot `index` holds in each of its 16 words. */
export function slotWord(index: number, word: number): number {
  return (Math.imul(index + 1, 0x9e3779b1) + word) | 0;
}

function produce({ ring, total, seed, maxBatch }: RingProducerData): void {
  const producer = new RingProducer(ring);
  const random = randomWords(seed);
  const bytes = new Uint8Array(maxBatch * SLOT_BYTES);
  const words = new Int32Array(bytes.buffer);
  let sent = 0;
  while (sent < total) {
    const batch = Math.min(1 + (random() % maxBatch), total - sent);
    for (let i = 0; i < batch; i += 1) {
      for (let word = 0; word < 16; word += 1) words[i * 16 + word] = slotWord(sent + i, word);
    }
    if (random() % 2 === 0) {
      while (!producer.offer(bytes, batch)) producer.publish();
    } else {
      let done = 0;
      while (done < batch) {
        done += producer.offerSome(bytes, done, batch - done);
        if (done < batch) producer.publish();
      }
    }
    if (random() % 3 !== 0) producer.publish();
    sent += batch;
  }
  producer.close();
}

if (workerData?.ring instanceof SharedArrayBuffer) produce(workerData as RingProducerData);
