import { isUtf8 } from 'node:buffer';
import { excerpt, printable } from '../text.js';
import { MAX_FILE_BYTES } from '../watch/read.js';
import { cloudKey, type Domain, type DomainDefaults, type Problem } from './domain.js';
import { resolveLine } from './resolve.js';
import { LineProblem, scanLine } from './scan.js';

const MAX_LINE_CHARS = 4096;

export interface ParsedDomains {
  /** The good lines, in the file's order. */
  domains: Domain[];
  /** One for each bad line, in the file's order. */
  problems: Problem[];
  /** Whether the file itself holds a password, on a good line or a bad one. */
  usesInlinePassword: boolean;
}

/** Reads domains.txt as the contract describes it. Pure, and never throws: what is wrong becomes a problem. */
export function parseDomains(bytes: Buffer, defaults: DomainDefaults): ParsedDomains {
  const parsed: ParsedDomains = { domains: [], problems: [], usesInlinePassword: false };
  if (bytes.length > MAX_FILE_BYTES) {
    parsed.problems.push({ line: 1, message: 'the file is larger than 1 MiB, none of it is read' });
    return parsed;
  }
  const firsts: Firsts = { ids: new Map(), labels: new Map() };
  let line = 0;
  for (const raw of linesOf(bytes)) {
    line++;
    try {
      const scanned = scanLine(lineText(raw));
      if (!scanned) continue;
      parsed.usesInlinePassword ||= scanned.values.has('password');
      const domain = resolveLine(scanned, line, defaults);
      claim(domain, firsts);
      parsed.domains.push(domain);
    } catch (error) {
      if (!(error instanceof LineProblem)) throw error;
      parsed.problems.push({ line, message: error.message });
      parsed.usesInlinePassword ||= /(?:^|[ \t])password=/.test(raw.toString('latin1'));
    }
  }
  return parsed;
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  const bom = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  for (let start = bom; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    yield bytes.subarray(start, end > start && bytes[end - 1] === 0x0d ? end - 1 : end);
    start = end + 1;
  }
}

function lineText(raw: Buffer): string {
  if (!isUtf8(raw)) throw new LineProblem('the line is not UTF-8, save the file in that encoding');
  const text = raw.toString('utf8');
  if (text.length > MAX_LINE_CHARS && Array.from(text).length > MAX_LINE_CHARS) {
    throw new LineProblem(`the line is longer than ${MAX_LINE_CHARS.toLocaleString('en')} characters`);
  }
  // In comments too: a bare carriage return there would hide the lines that an old editor put after it.
  const control = /(?!\t)\p{Cc}/u.exec(text)?.[0];
  if (control) throw new LineProblem(`the line holds the control character ${printable(control)}, remove it`);
  return text;
}

/** By id on a cloud, and by label: the line that has it. */
interface Firsts {
  ids: Map<string, number>;
  labels: Map<string, number>;
}

/** Takes id and label for this line; a line that may not have both gets neither, so that it spoils no later one. */
function claim(domain: Domain, { ids, labels }: Firsts): void {
  const idKey = `${domain.id} ${cloudKey(domain.cloud)}`;
  const sameId = ids.get(idKey);
  if (sameId !== undefined) {
    throw new LineProblem(`the id ${excerpt(domain.id, 40)} is on line ${sameId} already, keep one of them`);
  }
  const sameLabel = labels.get(domain.label);
  if (sameLabel !== undefined) {
    throw new LineProblem(
      `name must be unique, '${excerpt(domain.label, 40)}' is that of line ${sameLabel}: give this line another name`,
    );
  }
  ids.set(idKey, domain.line);
  labels.set(domain.label, domain.line);
}
