// The result of a check of `rnn doctor`.

export interface Check {
  readonly title: string;
  /** `absent` is not a fault, because a machine need not have this. */
  readonly verdict: 'good' | 'bad' | 'absent';
  /** One line. */
  readonly detail: string;
  /** A command or another remedy, or null if nothing needs to be done. */
  readonly fix: string | null;
  /** The device that was tried. It works if the verdict is good. */
  readonly device?: string;
  /** Facts for programs that read the result. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

const checkWith =
  (verdict: Check['verdict']) =>
  (title: string, detail: string, fix: string | null = null, more: Pick<Check, 'device' | 'facts'> = {}): Check => ({
    title,
    verdict,
    detail,
    fix,
    ...more,
  });
export const passedCheck = checkWith('good');
export const failedCheck = checkWith('bad');
export const absentCheck = checkWith('absent');
