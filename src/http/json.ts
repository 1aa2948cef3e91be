import { isAscii } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';

import pLimit from 'p-limit';

/** How long answers may be parsed one after the other before the event loop serves everybody else. */
const SLICE_MS = 5;

const turns = pLimit(1);
let sliceBegan = -Infinity;

/**
 * Values that an answer may hold: twice as many as are in the longest listing that fits. An answer of nothing but brackets
 * would hold the event loop, and with it every other domain, for ten seconds, and take a gigabyte.
 */
const MAX_VALUES = 3_000_000;

/** An answer that would take longer to parse than others can wait. */
export class TooManyValues extends Error {}

/** To be awaited before an answer is parsed: whatever many bring at once, one slice does not keep others waiting for longer. */
export function parseTurn(): Promise<void> {
  return turns(async () => {
    if (performance.now() - sliceBegan < SLICE_MS) return;
    await nextTurn();
    sliceBegan = performance.now();
  });
}

/** @throws SyntaxError; TooManyValues */
export function parseJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  if (text.length > MAX_VALUES) checkValues(text);
  return JSON.parse(text) as unknown;
}

/** UTF-8, which most often is no more than ASCII: then the text needs no room in V8's heap, however long it is. */
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
