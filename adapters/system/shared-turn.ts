// One turn for all threads of a process: work that takes much memory is done by one of them at a time.

const FREE = 0;
const TAKEN = 1;
const LOOK_EVERY_MS = 10;

/** Memory that the threads share; made once, handed to each. */
export const sharedTurn = (): SharedArrayBuffer => new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);

/** Waits until nobody else has the turn. What is returned gives it back; again, it does nothing. */
export async function takeTurn(turn: SharedArrayBuffer): Promise<() => void> {
  const cell = new Int32Array(turn);
  while (Atomics.compareExchange(cell, 0, FREE, TAKEN) !== FREE) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  let isOurs = true;
  return () => {
    if (isOurs) Atomics.store(cell, 0, FREE);
    isOurs = false;
  };
}
