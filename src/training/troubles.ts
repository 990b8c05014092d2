// What a run cannot do for the time being, each trouble to be told once when it begins and once when it is over: a disk may stay full for
// thousands of steps. Knows nothing of disks.
export class Troubles {
  readonly #open = new Set<string>();
  #news: string[] = [];

  /** @param what could not be written @param message why, for the user to read */
  failed(what: string, message: string): void {
    if (!this.#open.has(what)) this.#news.push(message);
    this.#open.add(what);
  }

  worked(what: string): void {
    if (this.#open.delete(what)) this.#news.push(`${what} can be written again`);
  }

  /** What has not been told yet. */
  take(): readonly string[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }
}
