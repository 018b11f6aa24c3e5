import type { Section, TensorCoding } from '@pleat/codec';
import type { TensorForm } from './document.ts';
import { PleatModelError } from './errors.ts';

// A section costs about a hundred bytes of header, as much as a whole norm vector: so all tensors of one coding share a
// section. Those in 8 bits are the columns of one matrix for each length, so that each keeps a scale of its own.
type Values = Float32Array | Int32Array;

/** What shares a section: values of one precision, or codes of as many bits. */
type PoolForm = TensorForm | 'codes/4' | 'codes/8';

const isInteger = (form: PoolForm) => form === 'int32' || form === 'codes/4' || form === 'codes/8';

function codingOf(form: Exclude<PoolForm, 'uint8'>): TensorCoding {
  return form === 'codes/4' || form === 'codes/8' ? 'int32-range' : form;
}

function sectionName(form: PoolForm, size: number): string {
  return form === 'uint8' ? `uint8/${size}` : form;
}

function transposed(columns: readonly Values[], rows: number): Float32Array {
  const out = new Float32Array(rows * columns.length);
  columns.forEach((column, c) => {
    for (let r = 0; r < rows; r++) out[r * columns.length + c] = column[r] ?? 0;
  });
  return out;
}

/** Gathers tensors on their way into a file. */
export class TensorWriter {
  readonly #gathered = new Map<string, { form: PoolForm; parts: Values[] }>();

  add(form: PoolForm, values: Values): void {
    if (values.length === 0) return;
    const name = sectionName(form, values.length);
    const entry = this.#gathered.get(name) ?? { form, parts: [] };
    entry.parts.push(values);
    this.#gathered.set(name, entry);
  }

  sections(): Section[] {
    return [...this.#gathered].map(([name, { form, parts }]) => {
      const total = parts.reduce((sum, part) => sum + part.length, 0);
      if (form === 'uint8') {
        const rows = parts[0]?.length ?? 0;
        const shape = [rows, parts.length];
        const coding: TensorCoding = 'uint8-channel';
        return { kind: 'tensor', name, shape, values: transposed(parts, rows), coding };
      }
      const values = isInteger(form) ? new Int32Array(total) : new Float32Array(total);
      let at = 0;
      for (const part of parts) {
        values.set(part, at);
        at += part.length;
      }
      return { kind: 'tensor', name, shape: [total], values, coding: codingOf(form) };
    });
  }
}

/** Hands the tensors of a file out again, in the order they were added. */
export class TensorReader {
  readonly #sections: Map<string, { values: Values; shape: number[]; taken: number }>;

  constructor(sections: readonly Section[]) {
    this.#sections = new Map(
      sections.flatMap((section) =>
        section.kind === 'tensor'
          ? [[section.name, { values: section.values, shape: section.shape, taken: 0 }] as const]
          : [],
      ),
    );
  }

  /** @throws PleatModelError When the file has fewer values than its topology needs. */
  take(form: PoolForm, size: number): Values {
    if (size === 0) return isInteger(form) ? new Int32Array(0) : new Float32Array(0);
    const name = sectionName(form, size);
    const section = this.#sections.get(name);
    if (section === undefined) {
      throw new PleatModelError(
        'missing-section',
        `decodeModel: the file has no section '${name}', which its model needs.`,
      );
    }
    const { values, shape, taken } = section;
    const columns = shape[1] ?? 1;
    if (form === 'uint8' ? shape[0] !== size || taken >= columns : taken + size > values.length) {
      throw new PleatModelError(
        'section-size',
        `decodeModel: section '${name}' has fewer values than the model needs.`,
      );
    }
    section.taken += form === 'uint8' ? 1 : size;
    if (form !== 'uint8') return values.slice(taken, taken + size);
    const column = new Float32Array(size);
    for (let r = 0; r < size; r++) column[r] = values[r * columns + taken] ?? 0;
    return column;
  }
}
