import type { Command } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { formatBytes, formatCount, formatShare, formatTable } from '../report/format.ts';
import { layerSizes, sectionRows, sizeRows } from '../report/sizes.ts';

const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

/** `pleat inspect`: what a `.pleat` file holds and what it costs. */
export function inspectCommand(): Command {
  return defineCommand({
    name: 'inspect',
    usage: '<file>',
    description:
      "Show a .pleat file's sections, bits per weight, and its ratio as the paper counts it and as it is.",
    examples: [
      ['pleat inspect model.pleat', 'for a person'],
      ['pleat inspect model.pleat --json', 'for a program'],
    ],
    run: async ({ args, output }) => {
      const file = args[0]!;
      const [{ inspectModel }, { explainPleat, readPleatFile }] = await Promise.all([
        import('@pleat/mask'),
        import('../files/pleat.ts'),
      ]);
      const bytes = await readPleatFile(file);
      const report = await explainPleat(file, () => inspectModel(bytes));
      const { fileBytes, float32Bytes, trueRatio, paperRatio, prototypes, metadata } = report;
      const weights = report.weights.reduce((sum, weight) => sum + weight.weights, 0);
      output.say(`${file}: ${formatCount(weights)} weights in ${formatBytes(fileBytes)}`);
      output.say();
      output.say(`  float32 would be  ${formatBytes(float32Bytes)}`);
      output.say(`  true ratio        ${formatShare(trueRatio)} saved, all bytes counted`);
      if (paperRatio !== null) {
        output.say(`  paper's ratio     ${formatShare(paperRatio)} (norms and structure left out)`);
      }
      output.say(`  bits a weight     ${((8 * fileBytes) / weights).toFixed(2)}`);
      for (const source of prototypes) {
        const origin = 'seed' in source ? `${source.distribution}, seed ${source.seed}` : 'stored';
        output.say(`  prototype         ${formatCount(source.length)} values (${origin})`);
      }
      output.say('\nSections');
      for (const line of indent(formatTable(sectionRows(report)))) output.say(line);
      output.say('\nLayers');
      for (const line of indent(formatTable(sizeRows(report)))) output.say(line);
      if (Object.keys(metadata).length > 0) {
        output.say('\nMetadata');
        for (const [key, value] of Object.entries(metadata)) {
          output.say(`  ${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
        }
      }
      output.result({ file, ...report, layers: layerSizes(report) });
    },
  });
}
