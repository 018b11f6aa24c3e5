import { plainColumn } from '../layout.ts';
import type { Step, WeightAxis } from '../step.ts';
import { type LayerKind, NotFollowed, product } from './kind.ts';

/** A recurrent layer whose weights hold `gates` blocks of one row per unit. */
function recurrent(gates: number): LayerKind {
  return {
    follow(step: Step) {
      if (step.config.returnState === true || step.inputs.length !== 1) {
        throw new NotFollowed('it takes or gives states');
      }
      const x = step.still(step.input, [1], 2);
      step.attach(step.along(x, 2), ['kernel', 0, 'input']);
      const weights: WeightAxis[] = [
        ['kernel', 1, 'output'],
        ['recurrent_kernel', 0, 'input'],
        ['recurrent_kernel', 1, 'output'],
        ['bias', 0, 'bias'],
      ];
      const units = (step.weightShape('recurrent_kernel') as number[])[0] as number;
      const rows = weights.map((weight) => step.range(weight)).filter((row) => row !== null);
      for (const row of rows) {
        row.forEach((atom, p) => {
          step.atoms.join(rows[0]?.[p % units] as number, atom);
          step.atoms.align(row[p - (p % units)] as number, atom);
        });
      }
      const made = (rows[0] as Int32Array).slice(0, units);
      return step.output([plainColumn(step.outputShape.length - 1, made)]);
    },
    resize: (config, sizes) => ({
      ...config,
      units: (sizes.weight('kernel')[1] as number) / gates,
    }),
    multiplyAdds: ({ weight, inputs }) =>
      (inputs[0]?.[1] ?? Number.NaN) *
      (product(weight('kernel') as number[]) + product(weight('recurrent_kernel') as number[])),
  };
}

/** Layers that read a sequence step by step. */
export const recurrentKinds: Record<string, LayerKind> = {
  SimpleRNN: recurrent(1),
  GRU: recurrent(3),
  LSTM: recurrent(4),
};
