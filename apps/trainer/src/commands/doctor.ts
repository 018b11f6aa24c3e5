import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import type { Command } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { errorSentence } from '../cli/errors.ts';
import { version, versionOf } from '../cli/version.ts';
import { datasetNames } from '../config/schema.ts';
import { formatBytes, formatCount } from '../report/format.ts';

async function datasetStatus(name: (typeof datasetNames)[number], data: string | undefined) {
  const { DatasetError, loadDataset } = await import('@pleat/datasets');
  try {
    const { train, validation, test } = await loadDataset(name, {
      download: false,
      ...(data !== undefined && { data }),
    });
    return { name, found: true, train: train.length + validation.length, test: test?.length ?? 0 };
  } catch (error) {
    const absent = error instanceof DatasetError && error.code === 'not-found';
    const problem = absent ? 'not on this machine' : errorSentence(error);
    return { name, found: false, problem };
  }
}

/** `pleat doctor`: what this machine has, and what to do about the rest. */
export function doctorCommand(): Command {
  return defineCommand({
    name: 'doctor',
    description:
      'Show the engines, data sets and versions this machine has, and what to do for what is missing.',
    examples: [
      ['pleat doctor', 'look at everything'],
      ['pleat doctor --data ~/datasets', 'look for data sets in a folder'],
      ['pleat doctor --json', 'the same for a program'],
    ],
    configure: (command) => command.option('--data <folder>', 'folder that holds data sets'),
    run: async ({ flags, output }) => {
      const { engines, explainEngine, startEngine } = await import('../engines/registry.ts');
      const found = [];
      for (const engine of engines) {
        found.push({ name: engine.name, summary: engine.summary, ...(await engine.find()) });
      }
      const data = flags.data as string | undefined;
      const datasets = [];
      for (const name of datasetNames) datasets.push(await datasetStatus(name, data));
      const machine = {
        platform: `${process.platform} ${process.arch}`,
        processor: cpus()[0]?.model.trim() ?? 'unknown',
        threads: availableParallelism(),
        memoryBytes: totalmem(),
        freeMemoryBytes: freemem(),
      };
      const versions = {
        pleat: version,
        node: process.versions.node,
        tfjs: versionOf('@tensorflow/tfjs') ?? 'not found',
      };
      output.say(
        `pleat ${versions.pleat}, Node.js ${versions.node}, TensorFlow.js ${versions.tfjs}`,
      );
      output.say(
        `${machine.platform}, ${machine.threads} threads, ${formatBytes(machine.memoryBytes)} memory (${formatBytes(machine.freeMemoryBytes)} free)`,
      );
      output.say('\nEngines (--engine auto takes the first one that starts)');
      for (const { name, available, version: v, detail, seen = [], remedy } of found) {
        output.say(`  ${available ? '✓' : '✗'} ${name.padEnd(11)} ${detail}${v ? ` (${v})` : ''}`);
        for (const line of seen) output.say(`    ${' '.repeat(11)} · ${line}`);
        if (remedy) output.say(`    ${' '.repeat(11)} → ${remedy}`);
      }
      const auto = await startEngine('auto', { threads: 'auto' });
      output.say(`  started: ${explainEngine(auto)}`);
      output.say('\nData sets');
      for (const set of datasets) {
        const text = set.found
          ? `${formatCount(set.train!)} training and ${formatCount(set.test!)} test images`
          : set.problem;
        output.say(`  ${set.found ? '✓' : '✗'} ${set.name.padEnd(21)} ${text}`);
      }
      if (datasets.some(({ found }) => !found)) {
        output.say(
          '    → fetched on first use where the network allows; else put the files in a folder of the',
        );
        output.say(
          "      data set's name and give the folder around it as --data, or in PLEAT_DATA",
        );
      }
      output.result({ versions, machine, engines: found, auto, datasets });
    },
  });
}
