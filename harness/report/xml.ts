/** Small building blocks for XML 1.0; what that cannot carry at all (most control characters) is taken out or shown. */
import { stripVTControlCharacters } from 'node:util';

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly children: readonly (XmlElement | string)[];
}

export function element(
  name: string,
  attributes: XmlElement['attributes'],
  children: XmlElement['children'] = [],
): XmlElement {
  return { name, attributes, children };
}

/** A document, two blanks a level. Text stands alone in its element and is kept as it is. */
export function toXml(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${render(root, '')}\n`;
}

function render({ name, attributes, children }: XmlElement, indent: string): string {
  const pairs = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value), true)}"`);
  const open = `${indent}<${name}${pairs.join('')}`;
  if (children.length === 0) return `${open}/>`;
  if (children.every((child) => typeof child === 'string')) {
    return `${open}>${escapeXml(children.join(''), false)}</${name}>`;
  }
  const inner = children.map((child) =>
    typeof child === 'string' ? escapeXml(child, false) : render(child, `${indent}  `),
  );
  return `${open}>\n${inner.join('\n')}\n${indent}</${name}>`;
}

/** Everything outside of XML 1.0's Char; with the u flag a lone surrogate is matched, a pair is not. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** Line ends and tabs in an attribute would come out as blanks; a carriage return is lost anywhere. */
function escapeXml(text: string, isAttribute: boolean): string {
  return stripVTControlCharacters(text)
    .replace(NOT_XML, '\ufffd')
    .replace(isAttribute ? /[&<>"\n\r\t]/g : /[&<>\r]/g, (character) => ENTITIES[character] ?? '');
}
