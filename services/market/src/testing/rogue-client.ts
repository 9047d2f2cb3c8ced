/**
 * A client process that breaks the rules. `scribble`: sends something proper and then writes over
 * any word of its memory until it is thrown out, again and again, and tells how often. `deaf`: asks
 * and never reads, and tells when it was called slow.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { commandSubject, levelsSubject } from '@foldbook/protocol';
import { FrameKind } from '@foldbook/runtime';
import { RogueLink, randomWords } from '@foldbook/runtime/testing';

const [path = '', mode = '', market = '', account = '', seed = ''] = process.argv.slice(2);
const MAX_WORDS_A_TURN = 40;

async function scribble(): Promise<never> {
  const random = randomWords(Number(seed));
  const command = commandSubject(market, Number(account));
  for (let ended = 1; ; ended += 1) {
    const link = await RogueLink.attach(path);
    link.send(FrameKind.SUBSCRIBE, 1, '_INBOX.rogue');
    link.send(FrameKind.SUBSCRIBE, 2, levelsSubject(market));
    while (!link.isOver()) {
      // A message that is none, so that there is always something to spoil.
      link.send(FrameKind.PUBLISH, 0, command, '_INBOX.rogue', new Uint8Array(random() % 300));
      for (let i = random() % MAX_WORDS_A_TURN; i >= 0; i -= 1) link.scribble(random);
      await turn();
    }
    link.close();
    process.send?.(ended);
  }
}

async function deaf(): Promise<void> {
  const link = await RogueLink.attach(path);
  link.send(FrameKind.SUBSCRIBE, 1, '_INBOX.deaf');
  while (!link.isOver()) {
    for (let i = 0; i < 100; i += 1) {
      link.send(FrameKind.PUBLISH, 0, `info.${market}`, '_INBOX.deaf', new Uint8Array(0));
    }
    await turn();
  }
  process.send?.(link.isCalledSlow());
  link.close();
}

if (mode === 'deaf') await deaf();
else await scribble();
