/** A two-way line of messages between two processes of one host. */
import type { ChildProcess } from 'node:child_process';

/** Carries what structured clone carries, in order. */
export interface Channel {
  /** `sent` is called once the system has taken the message, or never will. */
  send(message: unknown, sent: () => void): void;
  /** Returns a function that removes the listener. */
  onMessage(listener: (message: unknown) => void): () => void;
  onClose(listener: () => void): void;
}

/**
 * The line between a process and one that it forked with `serialization: 'advanced'`.
 * @param child the forked process; without it, the line to the process that forked this one
 * @returns undefined without a line: this process was not forked
 */
export function processChannel(child?: ChildProcess): Channel | undefined {
  const end = child ?? process;
  if (end.send === undefined || !end.connected) return undefined;
  const sendTo: (message: unknown, sent: () => void) => void =
    child === undefined
      ? (message, sent) => process.send?.(message, undefined, undefined, sent)
      : (message, sent) => child.send(message as object, sent);
  return {
    send: (message, sent) => {
      if (end.connected) sendTo(message, sent);
      else sent();
    },
    onMessage: (listener) => {
      end.on('message', listener);
      return () => void end.off('message', listener);
    },
    onClose: (listener) => void end.once('disconnect', listener),
  };
}
