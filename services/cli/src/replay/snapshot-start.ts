import { type EventBlock, EventFlag, type HistoryKernel, readEvent } from '@foldbook/history';

/** Whether a block begins with a snapshot, which names every order that there is. */
export function startsSnapshot({ memory }: HistoryKernel, { address }: EventBlock): boolean {
  return (readEvent(new DataView(memory.buffer), address).flags & EventFlag.SNAPSHOT) !== 0;
}
