import { decodeContainer, encodeContainer, type Section } from '../src/index.ts';
import type { Loose } from './help.ts';

/** A section as the JSON beside a golden file spells it. */
export function sectionOf(section: Loose): Section {
  if (section.kind === 'mask') return { ...section, bits: Uint8Array.from(section.bits) };
  if (section.kind === 'bytes') return { ...section, bytes: Uint8Array.from(section.bytes) };
  if (section.kind === 'json') return section;
  const list = section.coding === 'int32' ? Int32Array : Float32Array;
  return { ...section, values: list.from(section.values) };
}

function same(a: Section, b: Section): boolean {
  const contents = ({ bits, values, bytes, value }: Loose) => [
    ...(bits ?? values ?? bytes ?? [JSON.stringify(value)]),
  ];
  const expected = contents(b);
  const found = contents(a);
  return found.length === expected.length && found.every((x, i) => Object.is(x, expected[i]));
}

/** In a page that is served the golden files: what its engine writes for their contents, and whether it reads them back. */
export async function golden(
  names: string[],
): Promise<Record<string, { written: number[]; read: boolean }>> {
  const found: Record<string, { written: number[]; read: boolean }> = {};
  for (const name of names) {
    const { metadata, sections: list } = await (await fetch(`/${name}.json`)).json();
    const sections: Section[] = list.map(sectionOf);
    const file = await (await fetch(`/${name}.pleat`)).arrayBuffer();
    const decoded = decodeContainer(new Uint8Array(file));
    found[name] = {
      written: [...encodeContainer(sections, { metadata })],
      read:
        decoded.sections.every((section, i) => same(section, sections[i]!)) &&
        JSON.stringify(decoded.metadata) === JSON.stringify(metadata),
    };
  }
  return found;
}
