// Finds the sentences that people read: in pages of Markdown, and in the comments and strings of
// TypeScript.

export interface Prose {
  readonly kind: 'comment' | 'string' | 'page';
  /** Where it begins in its file, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The paragraphs of a page, without code. A row of a table is a paragraph. */
export function proseOfPage(page: string): Prose[] {
  const withoutBlocks = page.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ''));
  const paragraphs: Prose[] = [];
  let line = 1;
  for (const part of withoutBlocks.split(/\n(?=\n|[-*|#]|\d+\. )/)) {
    const start = line + (/^\n*/.exec(part)?.[0].length ?? 0);
    line += part.split('\n').length;
    const text = withoutCode(part)
      .replaceAll(/\]\([^)]*\)/g, ']')
      .replaceAll(/\s+/g, ' ')
      .trim();
    if (text !== '') paragraphs.push({ kind: 'page', line: start, text });
  }
  return paragraphs;
}

/** Code in a sentence becomes one word. */
const withoutCode = (text: string): string => text.replaceAll(/`[^`]*`/g, 'CODE');

/** The comments and strings of a source file. An expression in a template becomes one word. */
export function proseOfSource(source: string): Prose[] {
  return new SourceReader(source).read();
}

class SourceReader {
  readonly #source: string;
  readonly #found: Prose[] = [];
  #at = 0;
  /** The last character of code, which decides whether a slash begins a regular expression. */
  #previous = '';

  constructor(source: string) {
    this.#source = source;
  }

  read(): Prose[] {
    this.#readCode(false);
    return this.#found;
  }

  get #line(): number {
    return this.#source.slice(0, this.#at).split('\n').length;
  }

  /** @param isExpression in a template: it ends with its brace */
  #readCode(isExpression: boolean): void {
    let depth = 0;
    while (this.#at < this.#source.length) {
      const rest = this.#source.slice(this.#at, this.#at + 200);
      const [next] = rest;
      if (/^\s/.test(rest)) this.#at++;
      else if (rest.startsWith('//')) this.#readLineComments();
      else if (rest.startsWith('/*')) this.#readBlockComment();
      else if (next === "'" || next === '"') this.#readString(next);
      else if (next === '`') this.#readTemplate();
      else if (next === '/' && !/[\w)\]]/.test(this.#previous)) this.#skipPattern();
      else if (next === '}' && isExpression && depth === 0) {
        this.#at++;
        return;
      } else {
        if (next === '{') depth++;
        if (next === '}') depth--;
        const word = /^\w+/.exec(rest)?.[0] ?? next;
        this.#previous = /^(return|typeof|case|in|of)$/.test(word) ? '(' : word.at(-1)!;
        this.#at += word.length;
      }
    }
  }

  /** Lines that follow each other are one comment. */
  #readLineComments(): void {
    const [all] = /^\/\/[^\n]*(\n[ \t]*\/\/[^\n]*)*/.exec(this.#source.slice(this.#at))!;
    this.#add('comment', all.replaceAll(/^[ \t]*\/\/ ?/gm, ''));
    this.#at += all.length;
  }

  #readBlockComment(): void {
    const end = this.#source.indexOf('*/', this.#at);
    this.#add('comment', this.#source.slice(this.#at + 2, end).replaceAll(/^[ \t]*\*+ ?/gm, ''));
    this.#at = end + 2;
  }

  #readString(quote: string): void {
    const [all] = new RegExp(`^${quote}(\\\\.|[^${quote}\\\\])*${quote}`, 's').exec(this.#source.slice(this.#at))!;
    this.#add('string', all.slice(1, -1).replaceAll(/\\(.)/g, '$1'));
    this.#at += all.length;
    this.#previous = 'a';
  }

  #readTemplate(): void {
    const start = this.#at++;
    let text = '';
    for (let next; (next = this.#source[this.#at]) !== '`' && next !== undefined;) {
      if (next === '\\') {
        text += this.#source[this.#at + 1];
        this.#at += 2;
      } else if (next === '$' && this.#source[this.#at + 1] === '{') {
        text += 'X';
        this.#at += 2;
        this.#readCode(true);
      } else {
        text += next;
        this.#at++;
      }
    }
    const end = ++this.#at;
    this.#at = start;
    this.#add('string', text);
    this.#at = end;
    this.#previous = 'a';
  }

  #skipPattern(): void {
    const [all] = /^\/(\\.|\[(\\.|[^\]\\])*\]|[^/\\\n])+\//.exec(this.#source.slice(this.#at)) ?? ['/'];
    this.#at += all.length;
    this.#previous = 'a';
  }

  #add(kind: 'comment' | 'string', raw: string): void {
    const text = withoutCode(raw).replaceAll(/\s+/g, ' ').trim();
    if (/[a-z] [a-z]/i.test(text)) this.#found.push({ kind, line: this.#line, text });
  }
}
