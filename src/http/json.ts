import { isAscii } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';

import pLimit from 'p-limit';

/** What may be parsed one after the other before the event loop serves everybody else: it takes 3 to 5 ms. */
const SLICE_BYTES = 1024 * 1024;

/** An answer takes as long as so many bytes more, however short it is. */
const ANSWER_BYTES = 64 * 1024;

const turns = pLimit(1);
/** Bytes that the present slice has left. */
let room = 0;

/**
 * Values that an answer may hold: twice as many as are in the longest listing that fits. An answer of nothing but brackets
 * would hold the event loop, and with it every other domain, for ten seconds, and take a gigabyte.
 */
const MAX_VALUES = 3_000_000;

/** An answer that would take longer to parse than others can wait. */
export class TooManyValues extends Error {}

/**
 * To be awaited before an answer is parsed: whatever many bring at once, a slice and one answer is all that others wait for.
 * By size, since what was let through is parsed some functions later: its time is not known yet when the next one asks.
 */
export function parseTurn(bytes: number): Promise<void> {
  return turns(async () => {
    const size = bytes + ANSWER_BYTES;
    if (size > room) {
      await nextTurn();
      room = SLICE_BYTES;
    }
    room -= size;
  });
}

/** @throws SyntaxError; TooManyValues */
export function parseJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  if (text.length > MAX_VALUES) checkValues(text);
  return JSON.parse(text) as unknown;
}

/** UTF-8, which most often is no more than ASCII: that is quicker, and a text of more than 1 MB lies outside of V8's heap then. */
export function decode(bytes: Buffer): string {
  return isAscii(bytes) ? bytes.toString('latin1') : new TextDecoder().decode(bytes);
}

/** Counts what opens a value or parts two; those within strings count too, since telling them apart takes longer. */
function checkValues(text: string): void {
  let left = MAX_VALUES;
  for (const mark of ['[', '{', ',']) {
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
      left -= 1;
      if (left < 0) throw new TooManyValues();
    }
  }
}
