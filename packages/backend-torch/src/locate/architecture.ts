import { open } from 'node:fs/promises';

const elfMachines: Record<number, string> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64' };
const machTypes: Record<number, string> = { 16777223: 'x64', 16777228: 'arm64' };
const peMachines: Record<number, string> = { 332: 'ia32', 34404: 'x64', 43620: 'arm64' };

/**
 * Reads which processors a shared library was compiled for, from its header (ELF, Mach-O or PE).
 *
 * @param file path of the library
 * @returns names as in `process.arch`; empty when the file is no library of a known kind
 */
export async function libraryArchitectures(file: string): Promise<string[]> {
  const handle = await open(file, 'r');
  try {
    // The PE header and a Mach-O list of architectures both lie within the first page.
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    return bytesRead < 64 ? [] : architecturesOf(buffer);
  } finally {
    await handle.close();
  }
}

function architecturesOf(bytes: Buffer): string[] {
  const known = (name: string | undefined): string[] => (name === undefined ? [] : [name]);
  const magic = bytes.readUInt32BE(0);
  if (magic === 0x7f454c46) return known(elfMachines[bytes.readUInt16LE(18)]);
  if (magic === 0xcffaedfe) return known(machTypes[bytes.readUInt32LE(4)]);
  if (magic === 0xcafebabe) {
    const count = Math.min(bytes.readUInt32BE(4), 8);
    return Array.from({ length: count }, (_, index) =>
      known(machTypes[bytes.readUInt32BE(8 + 20 * index)]),
    ).flat();
  }
  if (magic >>> 16 === 0x4d5a) {
    const header = bytes.readUInt32LE(0x3c);
    if (header + 6 <= bytes.length) return known(peMachines[bytes.readUInt16LE(header + 4)]);
  }
  return [];
}
