import type { TensorflowPhase } from '@pleat/backend-cuda';
import type { Command } from 'commander';
import { defineCommand } from '../../cli/command.ts';
import { withInterrupt } from '../../cli/interrupt.ts';

const phases: Record<TensorflowPhase, string> = {
  binding: '1/4 npm fetches the binding of tfjs-node',
  library: '2/4 pip fetches TensorFlow (270 MB)',
  unpack: '3/4 unpacking its library',
  compile: '4/4 compiling the binding against it',
};

/** `pleat setup tensorflow`: tfjs-node, built on this machine. */
export function setupTensorflowCommand(): Command {
  return defineCommand({
    name: 'tensorflow',
    description:
      'Build the binding of @tensorflow/tfjs-node against the TensorFlow of a Python wheel, where its install script finds its hosts blocked. Linux; needs Python with pip and a C++ compiler.',
    examples: [
      ['pleat setup tensorflow', 'fetch and build, a gigabyte in the cache folder'],
      ['pleat setup tensorflow --python python3.12', 'with another Python'],
    ],
    configure: (command) =>
      command
        .option('--release <number>', 'version of TensorFlow (default: the tested one)')
        .option('--python <command>', 'a Python with pip (default: PLEAT_PYTHON, else python3)'),
    run: async ({ flags, output }) => {
      const { release, python } = flags as Record<string, string | undefined>;
      const { installTensorflow } = await import('@pleat/backend-cuda');
      let said = '';
      const location = await withInterrupt('Stopped; nothing was left behind.', (signal) =>
        installTensorflow({
          signal,
          onProgress: ({ phase }) => {
            if (phase !== said) output.note(phases[phase]);
            said = phase;
          },
          ...(release !== undefined && { version: release }),
          ...(python !== undefined && { python }),
        }),
      );
      output.say(`tfjs-node ${location.version} is in ${location.folder}.`);
      output.say('pleat finds it there: --engine tensorflow.');
      output.result({ folder: location.folder, version: location.version });
    },
  });
}
