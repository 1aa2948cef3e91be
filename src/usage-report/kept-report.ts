import type { Question } from './question.js';
import type { UsageReport } from './report.js';

/** Far more than somebody needs between two pages. */
const KEEP_MS = 300_000;

/**
 * The report that was given in pages last, so that the pages behind the first one are of the same report, and cost the cloud
 * nothing more.
 */
export class KeptReport {
  #kept: { question: Question; report: UsageReport } | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** That of the question, if it is there still. */
  find({ asked, file, range }: Question): UsageReport | null {
    if (!this.#kept) return null;
    const { question, report } = this.#kept;
    const isSame =
      question.file === file &&
      question.asked.domain === asked.domain &&
      question.asked.project === asked.project &&
      question.range.startMs === range.startMs &&
      // Behind the first page the end is the one that was found then.
      (question.range.endMs === range.endMs || report.end === range.endMs);
    return isSame ? report : null;
  }

  keep(question: Question, report: UsageReport): void {
    this.#kept = { question, report };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#kept = null), KEEP_MS).unref();
  }
}
