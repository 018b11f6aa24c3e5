import { type Command, Option } from 'commander';
import type { Measured } from '../../bench/measure.ts';
import { defineCommand } from '../../cli/command.ts';
import { CliError, errorSentence, UsageError } from '../../cli/errors.ts';
import { resolveConfig } from '../../config/resolve.ts';
import { engineNames, modelNames, type TrainConfig } from '../../config/schema.ts';
import type { EngineName } from '../../engines/types.ts';
import { formatBytes, formatTable } from '../../report/format.ts';

/** Flags that go into the configuration of the step. */
const stepFlags = ['model', 'method', 'learner', 'batch', 'dim', 'depth', 'threads'] as const;

interface Plan {
  config: TrainConfig;
  steps: number;
  warmup: number;
  /** The same flags, for the processes that measure. */
  args: string[];
}

function whole(flag: string, value: unknown, least: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least) return number;
  throw new UsageError(`--${flag} takes a whole number from ${least} on, found ${String(value)}.`);
}

function planOf(flags: Record<string, unknown>): Plan {
  const options: Record<string, unknown> = {};
  const args = ['bench', 'engine'];
  for (const name of stepFlags) {
    const value = flags[name];
    if (value === undefined) continue;
    const numeric = typeof value === 'string' && /^\d+$/.test(value);
    options[name] = numeric ? Number(value) : value;
    args.push(`--${name}`, String(value));
  }
  const steps = whole('steps', flags.steps, 1);
  const warmup = whole('warmup', flags.warmup, 0);
  args.push('--steps', String(steps), '--warmup', String(warmup));
  return { config: resolveConfig({ options, origin: 'the command line' }), steps, warmup, args };
}

/** The engines to measure: those named, or all that are there but the slow one. */
async function enginesOf(named: readonly EngineName[] | undefined): Promise<EngineName[]> {
  if (named) return [...named];
  const { engines } = await import('../../engines/registry.ts');
  const found: EngineName[] = [];
  for (const engine of engines) {
    if (engine.name !== 'cpu' && (await engine.find()).available) found.push(engine.name);
  }
  return found;
}

/** `pleat bench engine`: how long a training step takes on every engine of this machine. */
export function benchEngineCommand(): Command {
  return defineCommand({
    name: 'engine',
    description:
      'Time a training step (forward, backward, update) on the engines of this machine, each in a process of its own, in turns.',
    examples: [
      ['pleat bench engine', 'a masked ConvMixer 64/4, batch 64'],
      ['pleat bench engine --model resnet20 --batch 128', 'another network'],
      ['pleat bench engine --engine torch wasm', 'two engines'],
      ['pleat bench engine --json', 'the same for a program'],
    ],
    configure: (command) =>
      command
        .addOption(new Option('--model <name>', 'network').choices(modelNames))
        .addOption(new Option('--method <name>', 'dense or mask').choices(['dense', 'mask']))
        .option('--learner <name>', 'how masks are learned')
        .option('--batch <number>', 'images a step, 32 x 32 x 3 (default: 64)')
        .option('--dim <number>', 'width of a ConvMixer or ViT')
        .option('--depth <number>', 'blocks of a ConvMixer or ViT')
        .option('--threads <number>', 'threads of each engine')
        .addOption(
          new Option(
            '--engine <name...>',
            'engines (default: all that are found, cpu apart)',
          ).choices(engineNames),
        )
        .option('--steps <number>', 'steps to time in a turn', '10')
        .option('--warmup <number>', 'steps before them', '3')
        .option('--turns <number>', 'turns of each engine', '2')
        .addOption(new Option('--only <name>').choices(engineNames).hideHelp()),
    run: async ({ flags, output }) => {
      const { config, steps, warmup, args } = planOf(flags);
      if (flags.only !== undefined) {
        const { measureEngine } = await import('../../bench/measure.ts');
        output.result(await measureEngine(config, flags.only as EngineName, { steps, warmup }));
        return;
      }
      const turns = whole('turns', flags.turns, 1);
      const names = await enginesOf(flags.engine as EngineName[] | undefined);
      const { measureApart, toRows } = await import('../../bench/compare.ts');
      const measured = new Map<EngineName, Measured[]>();
      const failed: { engine: EngineName; why: string }[] = [];
      for (let turn = 1; turn <= turns; turn++) {
        for (const name of names) {
          if (failed.some(({ engine }) => engine === name)) continue;
          output.note(`turn ${turn} of ${turns}: ${name} ...`);
          try {
            const result = await measureApart([...args, '--only', name]);
            measured.set(name, [...(measured.get(name) ?? []), result]);
          } catch (error) {
            failed.push({ engine: name, why: errorSentence(error) });
            measured.delete(name);
          }
        }
      }
      if (measured.size === 0) {
        const why = failed.map(({ engine, why: text }) => `${engine}: ${text}`).join('; ');
        throw new CliError(
          `No engine could be measured (${why.replace(/\.$/, '')}); see pleat doctor.`,
        );
      }
      const rows = toRows(measured, config.batch);
      output.say(
        `A training step of ${config.model} (${config.method}), ${config.batch} images:\n`,
      );
      const cells = rows.map((row) => [
        row.engine,
        row.median.toFixed(1),
        `${row.least.toFixed(1)} to ${row.most.toFixed(1)}`,
        String(Math.round(row.imagesPerSecond)),
        `${row.speedup.toFixed(1)} x`,
        row.loss.toFixed(4),
        formatBytes(row.peakBytes),
      ]);
      const head = ['engine', 'ms', 'range', 'images/s', 'speed', 'last loss', 'memory'];
      for (const line of formatTable([head, ...cells])) output.say(`  ${line}`);
      output.say();
      for (const { what } of rows) output.say(`  ${what}`);
      for (const { engine, why } of failed) output.say(`  ${engine} failed: ${why}`);
      const { model, method, batch } = config;
      output.result({ model, method, batch, steps: steps * turns, engines: rows, failed });
    },
  });
}
