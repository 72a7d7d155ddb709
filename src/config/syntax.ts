import { extname } from 'node:path';
import { type Document, isAlias, isScalar, type Node, visit, type YAMLError } from 'yaml';

/** What a parser stumbled over, in words that quote nothing of the file: a secret may stand there. */
export interface SyntaxFault {
  /** Characters from the start of the file. */
  readonly offset: number;
  readonly found: string;
  readonly allowed: string;
}

const lostAlias = 'an alias (*) that stands for nothing: a text that begins with * needs quotes';

/** The yaml package's codes; where its own words quote the file, or say what its caller should do, these do not. */
const words: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_ALIAS: lostAlias,
  BAD_DIRECTIVE: 'a directive (%) that is not known',
  BAD_DQ_ESCAPE: 'an escape that "" does not know: in \'\' a \\ is itself',
  BAD_INDENT: 'a line that begins too far left or right for where it stands',
  BAD_SCALAR_START: 'a text that begins with @, ` or %: it needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second `: ` in the line: a text with it needs quotes',
  DUPLICATE_KEY: 'a name that stands there twice',
  MISSING_CHAR: 'a place where a `:`, a comma, a quote or a bracket is missing',
  MULTIPLE_DOCS: 'a second document (---)',
  NON_STRING_KEY: 'a name that is no text',
  TAB_AS_INDENT: 'a tab at the beginning of a line: YAML takes blanks only',
  TAG_RESOLVE_FAILED: 'a tag (!) that is not known: a text that begins with ! needs quotes',
  UNEXPECTED_TOKEN: 'what does not belong there',
};

const faultOf = ({ code, message, pos }: YAMLError): SyntaxFault => ({
  offset: pos[0],
  found: words[code] ?? message,
  allowed: code === 'DUPLICATE_KEY' ? 'each name once' : 'valid YAML',
});

/** Where a document that YAML allows is no JSON; undefined: that cannot be seen in its values. */
function noJson(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Node(_key, node: Node) {
      const quoted = isScalar(node) && node.type === 'QUOTE_DOUBLE';
      const plain =
        isScalar(node) && node.type === 'PLAIN' && /^(true|false|null|-?\d[\d.eE+-]*)$/.test(node.source ?? '');
      const flow = !isScalar(node) && !isAlias(node) && (node as { flow?: boolean }).flow === true;
      if (quoted || plain || flow) return undefined;
      offset = node.range?.[0];
      return visit.BREAK;
    },
  });
  return offset;
}

/** Why a text called .json is none; undefined: it is. */
function jsonFault(text: string, document: Document): SyntaxFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const position = /position (\d+)/.exec((error as SyntaxError).message)?.[1];
    const offset = position === undefined ? (noJson(document) ?? document.errors[0]?.pos[0] ?? 0) : Number(position);
    return { offset, found: 'what is no JSON', allowed: 'valid JSON; YAML is for files called .yaml' };
  }
}

/** Aliases whose anchor does not stand before them; the parser itself leaves them for later. */
function lostAliases(document: Document): SyntaxFault[] {
  const anchors = new Set<string>();
  const faults: SyntaxFault[] = [];
  visit(document, {
    Node(_key, node: Node) {
      if (isAlias(node)) {
        if (!anchors.has(node.source))
          faults.push({ offset: node.range?.[0] ?? 0, found: lostAlias, allowed: 'valid YAML' });
      } else if (node.anchor) anchors.add(node.anchor);
    },
  });
  return faults;
}

/** Everything that keeps a text from being read, for a file that is called so. */
export function syntaxFaults(file: string, text: string, document: Document): SyntaxFault[] {
  if (extname(file).toLowerCase() !== '.json')
    return [...[...document.errors, ...document.warnings].map(faultOf), ...lostAliases(document)];
  const fault = jsonFault(text, document);
  const twice = document.errors.filter(({ code }) => code === 'DUPLICATE_KEY').map(faultOf);
  return fault === undefined ? twice : [fault];
}
