/** The market's side of shared memory and a client's, in one process and in lock step. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Frame } from './frame.ts';
import { RingOffset } from './ring-descriptor.ts';
import {
  ClientState,
  ControlOffset,
  FrameKind,
  FrameOffset,
  ringToClient,
  ringToMarket,
} from './shared-memory-layout.ts';
import { randomWords } from './testing/random-words.ts';
import type { RogueLink } from './testing/rogue-link.ts';
import {
  bytes,
  echo,
  Fixture,
  LINUX,
  MAX_FRAME_BYTES,
  SLOTS,
} from './testing/shared-memory-fixture.ts';

describe('shared memory: what a client may do', LINUX, () => {
  it('frames of all sizes come back whole, many times around the ring', (test) => {
    const fixture = new Fixture(test);
    const link = fixture.link(7);
    let waited = 0;
    for (let round = 0; round < 2_000; round += 1) {
      const payload = new Uint8Array((round * 37) % (MAX_FRAME_BYTES - 64)).fill(round);
      assert(link.send(FrameKind.PUBLISH, round, 's.ü', '', payload));
      const back: Frame[] = [];
      while (back.length === 0) {
        waited += 1;
        fixture.host.poll();
        const work = link.poll((frame) => back.push(frame));
        assert.equal(typeof work, 'number', String(work));
      }
      assert.deepEqual(back, [
        { kind: FrameKind.DELIVER, id: round, subject: 's.ü', reply: '', payload },
      ]);
    }
    assert.equal(waited, 2_000);
    link.close();
    fixture.later();
    assert.deepEqual(fixture.ends, ['7: it left']);
  });

  it('frames that make no sense end their sender alone', (test) => {
    const fixture = new Fixture(test);
    const proper = fixture.link(8);
    const slots = (rogue: RogueLink) =>
      ringToMarket(rogue.words.buffer as ArrayBuffer, SLOTS).offset;
    const header = (rogue: RogueLink, offset: number, word: number) =>
      rogue.store(slots(rogue) + RingOffset.SLOTS + offset, word);
    const cases: [string, RegExp, (rogue: RogueLink) => void][] = [
      ['a body of 4 GiB', /longer/, (rogue) => header(rogue, FrameOffset.BODY, -1)],
      ['a body beyond what was written', /longer/, (r) => header(r, FrameOffset.BODY, 1_000)],
      ['a body shorter than its subject', /lengths/, (r) => header(r, FrameOffset.BODY, 1)],
      ['a subject of 64 KiB', /lengths/, (rogue) => header(rogue, FrameOffset.KIND, -1)],
      ['an unknown kind', /no proper client/, (rogue) => header(rogue, FrameOffset.KIND, 99)],
      ['a kind of the other way', /no proper client/, (r) => header(r, FrameOffset.KIND, 0x3_0005)],
      ['a position before', /position/, (r) => r.store(slots(r) + RingOffset.PRODUCER, -1)],
      ['a position beyond', /position/, (r) => r.store(slots(r) + RingOffset.PRODUCER, SLOTS + 1)],
    ];
    for (const [what, words, spoil] of cases) {
      const rogue = fixture.rogue();
      rogue.send(FrameKind.PUBLISH, 1, 'a.b', '', bytes('c'));
      spoil(rogue);
      fixture.host.poll();
      assert.match(fixture.ends.pop() ?? '', words, what);
      assert(rogue.isOver());
      rogue.close();
      echo(fixture, proper, 3);
    }
    proper.close();
  });

  it('a client that reads where nothing was written is ended', (test) => {
    const fixture = new Fixture(test);
    const rogue = fixture.rogue();
    const { offset } = ringToClient(rogue.words.buffer as ArrayBuffer, SLOTS);
    rogue.store(offset + RingOffset.CONSUMER, 77);
    // The position is looked at when there seems to be no room.
    for (let i = 0; i < 2 * SLOTS && fixture.ends.length === 0; i += 1) {
      rogue.send(FrameKind.PUBLISH, 1, 'a.b', '', bytes('c'));
      fixture.host.poll();
    }
    assert.deepEqual(fixture.ends, ['7: it reads where nothing was written']);
    rogue.close();
  });

  it('a client that does not read is told so, and others are not kept waiting', (test) => {
    const fixture = new Fixture(test);
    const proper = fixture.link(8);
    const deaf = fixture.link(7);
    let sent = 0;
    while (fixture.ends.length === 0 && sent < 10_000) {
      assert(deaf.send(FrameKind.PUBLISH, 1, 'a.b', '', new Uint8Array(200)));
      sent += 1;
      echo(fixture, proper, sent);
    }
    assert.deepEqual(fixture.ends, ['7: it does not read what it is sent']);
    const seen = [];
    for (let passes = 0; passes < 20 && typeof seen.at(-1) !== 'string'; passes += 1) {
      seen.push(deaf.poll(() => undefined));
    }
    assert.match(String(seen.at(-1)), /was not read in time/);
    deaf.close();
    proper.close();
  });

  it('whoever scribbles over all of it harms nobody else', (test) => {
    const seed = Math.floor(Math.random() * 2 ** 31) + 1;
    test.diagnostic(`seed ${seed}`);
    const random = randomWords(seed);
    const fixture = new Fixture(test);
    const proper = fixture.link(8);
    let words = 0;
    for (let round = 0; round < 400; round += 1) {
      const rogue = fixture.rogue();
      const before = fixture.ends.length;
      for (let pass = 0; pass < 40 && fixture.ends.length === before; pass += 1) {
        const { offset } = ringToMarket(rogue.words.buffer as ArrayBuffer, SLOTS);
        if (random() % 2 === 0) rogue.send(FrameKind.PUBLISH, pass, 'a.b', '', bytes('c'));
        else Atomics.add(rogue.words, (offset + RingOffset.PRODUCER) / 4, random() % 3);
        for (let i = random() % 20; i >= 0; i -= 1) rogue.scribble(random);
        words += 20;
        echo(fixture, proper, pass);
      }
      rogue.store(ControlOffset.CLIENT_STATE, ClientState.CLOSED);
      rogue.hangUp();
      for (let i = 0; i < 3; i += 1) fixture.later();
      rogue.drop();
    }
    const reasons = new Set(fixture.ends.map((end) => end.replace(/\d+/g, 'n')));
    test.diagnostic(`${words} words at most; ends: ${[...reasons].join('; ')}`);
    assert(fixture.ends.every((end) => end.startsWith('7: ')));
    assert(reasons.size >= 3, 'the fuzz is as good as its ways to fail');
    proper.close();
  });
});
