/** As much XML as S3's requests and answers need. */

export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Reads a request's body: elements and text; attributes and namespaces are skipped. `undefined`: not well-formed. */
export function parseXml(source: string): XmlElement | undefined {
  const tokens =
    /<\?[^>]*\?>|<!--.*?-->|<\/(?<close>[^\s>]+)\s*>|<(?<open>[^\s/>]+)[^>]*?(?<empty>\/)?>|(?<text>[^<]+)/gsy;
  const root = { name: '', text: '', children: [] as XmlElement[] };
  const open = [root];
  for (let at = 0; at < source.length; at = tokens.lastIndex) {
    const token = tokens.exec(source);
    if (token === null) return undefined;
    const current = open[open.length - 1] ?? root;
    const groups = token.groups ?? {};
    if (groups['open'] !== undefined) {
      const element = { name: groups['open'], text: '', children: [] as XmlElement[] };
      current.children.push(element);
      if (groups['empty'] === undefined) open.push(element);
    } else if (groups['close'] !== undefined) {
      if (open.length === 1 || current.name !== groups['close']) return undefined;
      open.pop();
    } else if (groups['text'] !== undefined) {
      current.text += unescapeXml(groups['text']);
    }
  }
  return open.length === 1 && root.children.length === 1 ? root.children[0] : undefined;
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

export function textOf(element: XmlElement | undefined, ...path: readonly string[]): string | undefined {
  let found = element;
  for (const name of path) found = childrenOf(found, name)[0];
  return found?.text.trim();
}

/** A piece of an answer that is XML already. */
export interface XmlText {
  readonly xml: string;
}

type XmlContent = string | number | boolean | undefined | XmlText | readonly XmlText[];

/** One element for each member that is not `undefined`. */
export function xml(members: Readonly<Record<string, XmlContent>>): XmlText {
  const elements = Object.entries(members).map(([name, content]) => {
    if (content === undefined) return '';
    if (typeof content !== 'object') return `<${name}>${escapeXml(String(content))}</${name}>`;
    const contents = 'xml' in content ? [content] : content;
    return contents.map((one) => `<${name}>${one.xml}</${name}>`).join('');
  });
  return { xml: elements.join('') };
}

export function xmlDocument(root: string, members: Readonly<Record<string, XmlContent>>): string {
  const namespace = root === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${namespace}>${xml(members).xml}</${root}>`;
}

function escapeXml(text: string): string {
  // What XML cannot hold at all S3 writes as a character reference too, and parsers choke on it: hence `encoding-type=url`.
  return text.replace(
    // eslint-disable-next-line no-control-regex
    /[&<>"\r\n\u0000-\u001f]/g,
    (character) =>
      ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ??
      `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

function unescapeXml(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#x(?<hex>[0-9a-f]+)|#(?<decimal>\d+)|(?<name>\w+));/gi, (whole, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    if (groups['hex'] !== undefined) return String.fromCodePoint(Number.parseInt(groups['hex'], 16));
    if (groups['decimal'] !== undefined) return String.fromCodePoint(Number(groups['decimal']));
    return named[groups['name'] ?? ''] ?? whole;
  });
}
