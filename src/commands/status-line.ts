/** A terminal's stream, such as process.stderr. */
export type Screen = Pick<NodeJS.WriteStream, 'write' | 'columns'>;

const REDRAW_MS = 200;
const ERASE = '\r\u001b[K';

/** One line at the bottom of a terminal that tells what goes on. It vanishes at the end. */
export class StatusLine {
  readonly #screen: Screen;
  readonly #write: Screen['write'];
  #text = '';
  /** Whether what somebody else wrote last ended its line. */
  #isFree = true;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#write = screen.write.bind(screen);
  }

  /**
   * Shows `text` a few times a second until the task ends, however it ends. What is written to the screen meanwhile, by
   * whomever, stands above the line.
   * @param text for so many columns
   */
  async during<T>(task: Promise<T>, text: (columns: number) => string): Promise<T> {
    const screen = this.#screen;
    const { write } = screen;
    const timer = setInterval(() => {
      // The last column stays empty: some terminals begin a new line once it is written to.
      this.#text = text((screen.columns || 80) - 1);
      this.#draw();
    }, REDRAW_MS);
    screen.write = ((...args: Parameters<Screen['write']>) => {
      this.#clear();
      const isRoomLeft = this.#write(...args);
      this.#isFree = String(args[0]).endsWith('\n');
      this.#draw();
      return isRoomLeft;
    }) as Screen['write'];
    try {
      return await task;
    } finally {
      clearInterval(timer);
      screen.write = write;
      this.erase();
    }
  }

  /** For a program that ends in the middle. */
  erase(): void {
    this.#clear();
    this.#text = '';
  }

  #clear(): void {
    if (this.#text !== '' && this.#isFree) this.#write(ERASE);
  }

  #draw(): void {
    if (this.#text !== '' && this.#isFree) this.#write(`\r${this.#text}\u001b[K`);
  }
}
