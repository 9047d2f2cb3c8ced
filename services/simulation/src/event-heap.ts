/** A binary heap by time, then by tie. */

interface Timed {
  readonly atNs: number;
  readonly tie: number;
}

export interface EventHeap<Event extends Timed> {
  push(event: Event): void;
  peek(): Event | undefined;
  pop(): Event | undefined;
}

const isBefore = (a: Timed, b: Timed) => a.atNs < b.atNs || (a.atNs === b.atNs && a.tie < b.tie);

export function newEventHeap<Event extends Timed>(): EventHeap<Event> {
  const events: Event[] = [];
  return {
    push: (event) => {
      let at = events.length;
      events.push(event);
      while (at > 0) {
        const up = (at - 1) >> 1;
        const parent = events[up];
        if (parent === undefined || !isBefore(event, parent)) break;
        events[at] = parent;
        at = up;
      }
      events[at] = event;
    },
    peek: () => events[0],
    pop: () => {
      const first = events[0];
      const last = events.pop();
      if (last !== undefined && events.length > 0) sink(events, last);
      return first;
    },
  };
}

/** Puts the event where it belongs, from the top down. */
function sink<Event extends Timed>(events: Event[], event: Event): void {
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const one = events[left];
    if (one === undefined) break;
    const other = events[left + 1];
    const isOther = other !== undefined && isBefore(other, one);
    const child = isOther ? other : one;
    if (!isBefore(child, event)) break;
    events[at] = child;
    at = isOther ? left + 1 : left;
  }
  events[at] = event;
}
