/** Time, injected so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch: for what people read. */
  wall(): number;
  /** Milliseconds that only grow, whatever is done to the wall clock: for waiting and for ages. */
  mono(): number;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  mono: () => performance.now(),
};
