// Every fault and variation of the event contracts, laid over a good event of any shape. Each entry says by itself what
// becomes of the delivery; the families follow the order of the contract's checks. What only one product has is in its stories.

import { DAY_MS, type Fields, isoOfMs, withField, writeJson } from './body.ts';
import { accept, type Draft, type Drawing, movedTo, type Product, reject, type Sample } from './draft.ts';
import { accepting, always, type Entry, rejecting } from './entry.ts';
import { fieldFaults } from './field-faults.ts';
import { BODY_BYTES_MAX, SKEW_MS_MAX } from './limits.ts';
import { MALFORMED, withTail } from './malformed.ts';
import type { Random } from './random.ts';
import { acceptedTexts, acceptedValues } from './variations.ts';
import { acceptedVersions, unknownVersion } from './version-faults.ts';

export interface Fault {
  readonly name: string;
  /** The body is about 262 KB: laid once, never repeated. */
  readonly big: boolean;
  /** The shapes that it can be laid over; one is picked. */
  readonly drawings: readonly Drawing[];
  lay(draft: Draft, receivedMs: number, random: Random): Sample;
}

/** Every entry at least once covers the contract; names repeat where one fault has several forms. */
export function faultCatalog(product: Product): Fault[] {
  const entries = [
    ...oversized(product),
    ...unknownSource(product),
    ...malformed(),
    ...rootNoObject(),
    ...unknownVersion(product.shapes),
    ...fieldFaults(),
    ...clockSkew(),
    ...twoFaults(product),
    ...acceptedTexts(),
    ...acceptedValues(),
    ...acceptedVersions(product.shapes),
  ];
  return entries
    .map(({ name, applies, lay, big = false }) => ({
      name,
      lay,
      big,
      drawings: product.shapes.filter((drawing) => applies(drawing)),
    }))
    .filter((fault) => fault.drawings.length > 0);
}

// ── 1 and 2: size and source ──

function paddedTo(bytes: number, body: Fields): string {
  const text = withTail(writeJson(body), '"debug":""');
  const missing = bytes - Buffer.byteLength(text, 'utf8');
  return `${text.slice(0, -2)}${'x'.repeat(missing)}"}`;
}

function oversized(product: Product): Entry[] {
  return [
    { ...rejecting('bytes_262145', 'oversized', (draft) => paddedTo(BODY_BYTES_MAX + 1, draft.body)), big: true },
    { ...accepting('bytes_262144', (draft) => paddedTo(BODY_BYTES_MAX, draft.body)), big: true },
    {
      // In fewer characters than the limit; of a source that is not listed, and no JSON: the first check names the reason.
      name: 'more_bytes_than_characters',
      big: true,
      applies: always,
      lay: (draft, at) => {
        const body = `${writeJson(draft.body).slice(0, -1)},"debug":"${'漢'.repeat(Math.ceil(BODY_BYTES_MAX / 3))}`;
        return reject(product.unlistedSources[0]!, at, body, 'oversized', 'more_bytes_than_characters');
      },
    },
  ];
}

function unknownSource(product: Product): Entry[] {
  return product.unlistedSources.map((source) => ({
    name: 'source_not_listed',
    applies: always,
    lay: (draft, at) => reject(source, at, writeJson(draft.body), 'unknown_source', 'source_not_listed'),
  }));
}

// ── 3 and 4: the text and its root ──

function malformed(): Entry[] {
  return MALFORMED.map(([name, spoil]) =>
    rejecting(name, 'malformed_json', (draft, _, random) => spoil(writeJson(draft.body), random)),
  );
}

function rootNoObject(): Entry[] {
  const roots: readonly ((text: string) => string)[] = [
    (text) => `[${text}]`,
    (text) => JSON.stringify(text),
    () => '42',
    () => 'null',
    () => 'true',
    () => '""',
    () => '[]',
  ];
  return roots.map((root) => rejecting('root_no_object', 'schema_violation', (draft) => root(writeJson(draft.body))));
}

// ── 7: clock skew ──

function finerThanMs(drawing: Drawing): boolean {
  return drawing.shape.timeKind !== 'epoch';
}

function clockSkew(): Entry[] {
  const ahead = (draft: Draft, receivedMs: number, aheadMs: number, micros = 0) =>
    movedTo(draft, (receivedMs + aheadMs) * 1000 + micros);
  const skewed = (name: string, aheadMs: number, micros: number, applies: (drawing: Drawing) => boolean) =>
    rejecting(name, 'clock_skew', (draft, at) => writeJson(ahead(draft, at, aheadMs, micros).body), applies);
  return [
    skewed('skew_24h_1ms', SKEW_MS_MAX + 1, 0, always),
    skewed('skew_24h_1us', SKEW_MS_MAX, 1, finerThanMs),
    skewed('skew_of_a_month', 30 * DAY_MS, 0, always),
    { name: 'skew_24h', applies: always, lay: (draft, at) => accept(ahead(draft, at, SKEW_MS_MAX), at, 'skew_24h') },
    {
      name: 'skew_24h_999ns',
      applies: ({ shape }) => shape.timeKind === 'time',
      lay: (draft, at) => {
        const exact = ahead(draft, at, SKEW_MS_MAX);
        const text = `${isoOfMs(at + SKEW_MS_MAX).slice(0, -1)}000999Z`;
        return accept({ ...exact, body: withField(exact.body, draft.shape.timePath, text) }, at, 'skew_24h_999ns');
      },
    },
  ];
}

// ── two faults: the earlier check names the reason ──

function twoFaults(product: Product): Entry[] {
  const source = product.unlistedSources[0]!;
  const fromUnlisted = (name: string, body: (draft: Draft, receivedMs: number) => string): Entry => ({
    name,
    applies: always,
    lay: (draft, at) => reject(source, at, body(draft, at), 'unknown_source', name),
  });
  const month = (draft: Draft, at: number) => movedTo(draft, (at + 30 * DAY_MS) * 1000);
  const unknown = (draft: Draft) => withField(draft.body, draft.shape.versionPath ?? 'v', 99);
  const broken = (draft: Draft) => withField(draft.body, draft.shape.freeText, null);
  return [
    fromUnlisted('two_source_and_json', (draft) => writeJson(draft.body).slice(0, 40)),
    fromUnlisted('two_source_and_json', () => ''),
    fromUnlisted('two_source_and_version', (draft) => writeJson(unknown(draft))),
    fromUnlisted('two_source_and_skew', (draft, at) => writeJson(month(draft, at).body)),
    rejecting('two_json_and_version', 'malformed_json', (draft) => `${writeJson(unknown(draft))},`),
    rejecting('two_json_and_field', 'malformed_json', (draft) => writeJson(broken(draft)).slice(0, -1)),
    rejecting('two_json_and_skew', 'malformed_json', (draft, at) =>
      withTail(writeJson(month(draft, at).body), '"score":NaN'),
    ),
    rejecting('two_root_and_version', 'schema_violation', (draft) => `[${writeJson(unknown(draft))}]`),
    rejecting('two_version_and_field', 'unknown_schema_version', (draft) =>
      writeJson(withField(broken(draft), draft.shape.versionPath ?? 'v', 99)),
    ),
    rejecting('two_version_and_skew', 'unknown_schema_version', (draft, at) => writeJson(unknown(month(draft, at)))),
    rejecting('two_field_and_skew', 'schema_violation', (draft, at) => writeJson(broken(month(draft, at)))),
  ];
}
