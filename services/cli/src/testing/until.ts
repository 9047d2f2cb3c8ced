/** Waiting for what another process does, where nothing can be listened to. */

const POLL_MS = 20;

/** Resolves once the condition holds; the test's own time limit is the only bound. */
export function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const poll = async () => {
      try {
        if (await condition()) resolve();
        else setTimeout(poll, POLL_MS);
      } catch (error) {
        reject(error);
      }
    };
    void poll();
  });
}
