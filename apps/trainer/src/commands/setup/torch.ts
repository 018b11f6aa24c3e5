import type { InstallProgress, TorchLocation } from '@pleat/backend-torch';
import type { Command } from 'commander';
import { defineCommand } from '../../cli/command.ts';
import { UsageError } from '../../cli/errors.ts';
import { withInterrupt } from '../../cli/interrupt.ts';
import type { Output } from '../../cli/output.ts';
import { createByteProgress } from '../../cli/progress.ts';

const phases: Record<InstallProgress['phase'], string> = {
  resolve: 'asking pip which torch fits',
  download: 'downloading the wheel',
  verify: 'checking its sha256',
  unpack: 'unpacking the libraries',
};

/** Looks at a folder, and tells whether `PLEAT_TORCH` may name it. */
async function examineFolder(path: string): Promise<TorchLocation> {
  const { locateTorch } = await import('@pleat/backend-torch');
  const before = process.env.PLEAT_TORCH;
  process.env.PLEAT_TORCH = path;
  try {
    const [location] = await locateTorch({ pythons: [] });
    return location!;
  } finally {
    if (before === undefined) delete process.env.PLEAT_TORCH;
    else process.env.PLEAT_TORCH = before;
  }
}

async function usePath(path: string, output: Output): Promise<void> {
  const location = await examineFolder(path);
  const { folder, problem, version } = location;
  if (folder === null || problem !== null) {
    throw new UsageError(`--path: ${problem}.`);
  }
  const { registerTorch } = await import('@pleat/backend-torch');
  const { threads } = await registerTorch({ path: folder });
  const line = `export PLEAT_TORCH=${folder}`;
  output.say(
    `libtorch ${version ?? 'of unknown version'} in ${folder} computes, on ${threads} threads.`,
  );
  output.say(`To use it, put this line into your shell's start-up file:\n  ${line}`);
  output.result({ folder, version, threads, installed: false });
}

/** `pleat setup torch`: a private copy of libtorch, or a look at one that is there. */
export function setupTorchCommand(): Command {
  return defineCommand({
    name: 'torch',
    description:
      'Make a private copy of libtorch for the processor (pip fetches it, its sha256 is checked), or try one that is there.',
    examples: [
      ['pleat setup torch', 'download and unpack, 420 MB'],
      ['pleat setup torch --index pip', 'from the index pip is set to'],
      ['pleat setup torch --path /opt/libtorch', 'try a libtorch that is there'],
    ],
    configure: (command) =>
      command
        .option(
          '--path <folder>',
          'a folder that holds libtorch: checked and tried, nothing copied',
        )
        .option('--index <where>', "cpu (torch's own), pip (what pip is set to), or an address")
        .option('--release <number>', 'version of torch (default: the tested one)')
        .option('--python <command>', 'a Python with pip (default: PLEAT_PYTHON, else python3)'),
    run: async ({ flags, output }) => {
      const { path, index, release, python } = flags as Record<string, string | undefined>;
      if (path !== undefined) return usePath(path, output);
      const { installTorch } = await import('@pleat/backend-torch');
      const progress = createByteProgress(process.stderr);
      const location = await withInterrupt('Stopped; nothing was left behind.', (signal) =>
        installTorch({
          signal,
          onProgress: ({ phase, loaded, total }) => progress.update(phases[phase], loaded, total),
          ...(index !== undefined && { index }),
          ...(release !== undefined && { version: release }),
          ...(python !== undefined && { python }),
        }),
      ).finally(() => progress.stop());
      output.say(`libtorch ${location.version} is in ${location.folder}.`);
      output.say('pleat finds it there: --engine torch, or auto.');
      output.result({ folder: location.folder, version: location.version, installed: true });
    },
  });
}
