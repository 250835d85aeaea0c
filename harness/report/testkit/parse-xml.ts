/** A strict little reader of XML for tests, written apart from the writer: it throws at anything malformed. */
export interface ParsedElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly ParsedElement[];
  readonly text: string;
}

const NAME = /[A-Za-z_][\w.-]*/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.-]*)="([^"<]*)"/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function parseXml(xml: string): ParsedElement {
  const reader = new Reader(xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, ''));
  const root = reader.element();
  reader.mustEnd();
  return root;
}

class Reader {
  readonly #xml: string;
  #at = 0;

  constructor(xml: string) {
    this.#xml = xml;
  }

  mustEnd(): void {
    if (this.#xml.slice(this.#at).trim() !== '') throw new Error('something follows the root element');
  }

  element(): ParsedElement {
    this.#expect('<');
    const [name] = this.#match(NAME);
    const attributes: Record<string, string> = {};
    ATTRIBUTE.lastIndex = this.#at;
    for (let found = ATTRIBUTE.exec(this.#xml); found !== null; found = ATTRIBUTE.exec(this.#xml)) {
      if (found[1]! in attributes) throw new Error(`${found[1]!} twice`);
      attributes[found[1]!] = decode(found[2]!);
      this.#at = ATTRIBUTE.lastIndex;
      ATTRIBUTE.lastIndex = this.#at;
    }
    if (this.#xml.startsWith('/>', this.#at)) {
      this.#at += 2;
      return { name: name, attributes, children: [], text: '' };
    }
    this.#expect('>');
    const children: ParsedElement[] = [];
    let text = '';
    while (!this.#xml.startsWith('</', this.#at)) {
      if (this.#at >= this.#xml.length) throw new Error(`<${name}> has no end`);
      if (this.#xml[this.#at] === '<') children.push(this.element());
      else text += this.#text();
    }
    this.#expect(`</${name}>`);
    return { name: name, attributes, children, text };
  }

  #text(): string {
    const end = this.#xml.indexOf('<', this.#at);
    const raw = this.#xml.slice(this.#at, end < 0 ? undefined : end);
    if (raw.includes(']]>')) throw new Error(']]> in a text');
    this.#at += raw.length;
    return decode(raw);
  }

  #expect(text: string): void {
    if (!this.#xml.startsWith(text, this.#at)) {
      throw new Error(`${text} expected at ${JSON.stringify(this.#xml.slice(this.#at, this.#at + 40))}`);
    }
    this.#at += text.length;
  }

  #match(pattern: RegExp): readonly [string] {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#xml) ?? [];
    if (found === undefined) throw new Error(`no name at ${String(this.#at)}`);
    this.#at += found.length;
    return [found];
  }
}

function decode(text: string): string {
  return text.replace(/&([^;&]*);?/g, (_whole, entity: string) => {
    const known = ENTITIES[entity];
    if (known !== undefined) return known;
    const [, digits] = /^#(\d+)$/.exec(entity) ?? [];
    if (digits === undefined) throw new Error(`unknown entity &${entity};`);
    return String.fromCodePoint(Number(digits));
  });
}
